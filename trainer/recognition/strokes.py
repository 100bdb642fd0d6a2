"""Pen strokes, and the plain black-on-white drawing of them."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from trainer.recognition.array_types import Pixels
from trainer.recognition.labels import is_number

Line = NDArray[np.float64]
"""One pen-down stroke: float64 [points, 2], x to the right and y down, in any unit."""

Strokes = list[Line]
"""All strokes of a drawing, in the order in which they were drawn."""

DEFAULT_SIDE = 280
"""Side of the square canvas, in pixels."""

DEFAULT_SIZE = 0.6
"""Longer side of the drawing, as a share of the canvas."""

DEFAULT_PEN = 11.0
"""Width of the pen, in pixels."""

SUBPIXEL_BITS = 4
"""Fractional bits of the fixed-point coordinates that OpenCV's drawing functions take."""

MOST_POINTS = 2_000
"""Points that are drawn of strokes from outside; a digit's have some hundreds."""

_MAX_DIGITS = 5  # beside or below each other for which a canvas is enlarged
_POINTS_PER_SEGMENT = 8
_MARGIN = 1 / 14  # of a cropped drawing, on each side
_SMALLEST_CROP = 6  # widths of the pen, so that a dot stays a dot
_USUAL_PEN = 1 / 14  # of the longer side
_THINNEST = 2.0  # pixels: thinner dots would be all but invisible
_ANTIALIASING_MARGIN = 3  # pixels that OpenCV may touch beyond the width of the pen


def catmull_rom(points: Line, per_segment: int = _POINTS_PER_SEGMENT) -> Line:
    """Interpolate float64 [n, 2] points by a uniform Catmull-Rom spline (Catmull and Rom 1974).

    Returns [(n - 1) * per_segment + 1, 2]; fewer than two points are returned unchanged.
    """
    if len(points) < 2:
        return points
    p0 = np.vstack([2 * points[0] - points[1], points[:-2]])
    p1, p2 = points[:-1], points[1:]
    p3 = np.vstack([points[2:], 2 * points[-1] - points[-2]])
    t = np.linspace(0, 1, per_segment, endpoint=False)[None, :, None]
    p0, p1, p2, p3 = (p[:, None, :] for p in (p0, p1, p2, p3))
    curve = 0.5 * (
        2 * p1
        + (p2 - p0) * t
        + (2 * p0 - 5 * p1 + 4 * p2 - p3) * t**2
        + (3 * p1 - p0 - 3 * p2 + p3) * t**3
    )
    return np.vstack([curve.reshape(-1, 2), points[-1:]])


def rotation(angle: float) -> NDArray[np.float64]:
    """The matrix that rotates points by `angle` radians, clockwise as y points down.

    float64 [2, 2], for row vectors: `points @ rotation(angle)`.
    """
    cos, sin = np.cos(angle), np.sin(angle)
    return np.array([[cos, sin], [-sin, cos]])


def fit_to_canvas(
    strokes: Strokes,
    side: int = DEFAULT_SIDE,
    size: float = DEFAULT_SIZE,
    pen: float = DEFAULT_PEN,
    position: tuple[float, float] = (0.5, 0.5),
) -> Strokes:
    """Scale and move strokes so that a pen of this width stays on a canvas of `side` pixels.

    `size` is the longer side of the drawing as a share of the space for it; `position` (x, y),
    0..1, distributes the space that is left: 0 is left or top, 1 is right or bottom.
    """
    points = np.vstack(strokes)
    low, extent = points.min(axis=0), np.ptp(points, axis=0)
    space = side - pen - 2 * _ANTIALIASING_MARGIN
    scale = size * space / max(float(extent.max()), 1e-9)
    offset = (space - extent * scale) * np.array(position) + pen / 2 + _ANTIALIASING_MARGIN
    return [(line - low) * scale + offset for line in strokes]


def draw_line(canvas: Pixels, line: Line, pen: float) -> None:
    """Draw one line with a round pen, antialiased, in place.

    `canvas` is uint8 [height, width], 255 for ink; coordinates and `pen` are in its pixels.
    """
    fixed = to_fixed_point(line)
    if len(fixed) == 1:
        fixed = np.repeat(fixed, 2, axis=0)
    cv2.polylines(canvas, [fixed], False, 255, max(1, round(pen)), cv2.LINE_AA, SUBPIXEL_BITS)


def to_fixed_point(points: Line) -> NDArray[np.int32]:
    """Coordinates in pixels to the fixed-point int32 that OpenCV's drawing functions take."""
    return np.round(points * (1 << SUBPIXEL_BITS)).astype(np.int32)


def draw_plain(strokes: Strokes, side: int = DEFAULT_SIDE) -> Pixels:
    """Draw strokes in black on white, smoothed and centered: uint8 [side, side].

    The same as `trainer.data.rendering.canvas.render` in its default style. There must be at least
    one stroke.
    """
    canvas: Pixels = np.zeros((side, side), np.uint8)
    for line in fit_to_canvas([catmull_rom(line) for line in strokes], side):
        draw_line(canvas, line, DEFAULT_PEN)
    return 255 - canvas


def draw_cropped(strokes: Strokes, side: int, pen: float | None = None) -> Pixels:
    """Draw strokes in black on white, cropped to their ink as the drawing page does: uint8 [side,
    side].

    `pen` is the pen's width in the unit of the strokes, by default a fourteenth of the longer side.
    There must be at least one point. Of more than `MOST_POINTS` some are left out, so that the work
    is bounded.
    """
    strokes = thinned(strokes, MOST_POINTS)
    points = np.vstack(strokes)
    low, extent = points.min(axis=0), np.ptp(points, axis=0)
    width = pen or max(float(extent.max()) * _USUAL_PEN, 1e-9)
    scale = (1 - 2 * _MARGIN) * side / max(float(extent.max()) + width, _SMALLEST_CROP * width)
    offset = (side - extent * scale) / 2
    lines = [_without_small_steps((line - low) * scale + offset) for line in strokes]
    smoothing = min(_POINTS_PER_SEGMENT, MOST_POINTS // (2 * sum(map(len, lines))))
    canvas: Pixels = np.zeros((side, side), np.uint8)
    for line in lines:
        curve = catmull_rom(line, max(1, smoothing))
        within = np.clip(curve, offset, offset + extent * scale)  # it swings out at sharp turns
        draw_line(canvas, within, max(_THINNEST, width * scale))
    return 255 - canvas


def draw_on_sheet(strokes: Strokes, side: int, sheet: float, pen: float) -> Pixels:
    """How much of each pixel of a sheet is ink, with strokes where they are: uint8 [side, side].

    Coordinates and `pen` are in the unit in which the sheet's side has the length `sheet`; what is
    beyond the sheet is not seen. There must be at least one point. The work is bounded as in
    `draw_cropped`.
    """
    scale = side / sheet
    most = 2.0 * side  # beyond the sheet, where lines still cross it
    strokes = thinned(strokes, MOST_POINTS)
    lines = [_without_small_steps(np.clip(line * scale, -most, side + most)) for line in strokes]
    smoothing = min(_POINTS_PER_SEGMENT, MOST_POINTS // (2 * sum(map(len, lines))))
    canvas: Pixels = np.zeros((side, side), np.uint8)
    for line in lines:
        draw_line(canvas, catmull_rom(line, max(1, smoothing)), min(pen * scale, side))
    return canvas


def _without_small_steps(line: Line) -> Line:
    """A line without the points that stay in the pixel of the point before, but with its end."""
    moves = np.any(np.diff(np.floor(line), axis=0) != 0, axis=1)
    return np.vstack([line[:1], line[1:-1][moves[:-1]], line[1:][-1:]])


def thinned(strokes: Strokes, most: int) -> Strokes:
    """Strokes of about `most` points at most, and two for each stroke: every nth, and the last."""
    step = -(-sum(map(len, strokes)) // most)
    return [np.vstack([line[:-1:step], line[-1:]]) for line in strokes] if step > 1 else strokes


def draw_labeled(strokes: Strokes, label: str) -> Pixels:
    """`draw_plain`, on a canvas that has room for all digits of the label if it is a number.

    Their lines are about as thick, in heights of a digit, as the line of one digit is.
    """
    rows = label.split("\n") if is_number(label) else [""]
    digits = min(_MAX_DIGITS, max(1, len(rows), *map(len, rows)))
    return draw_plain(strokes, DEFAULT_SIDE * digits)
