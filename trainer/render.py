"""From pen strokes to the picture that a browser's canvas would show."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from trainer.preprocess import Pixels

Line = NDArray[np.float64]
"""One pen-down stroke: float64 [points, 2], x to the right and y down, in any unit."""

Strokes = list[Line]

_SUBPIXEL_BITS = 4  # OpenCV takes coordinates in fixed point
_POINTS_PER_SEGMENT = 8
_MARGIN = 3  # pixels that OpenCV may paint beyond the width of the pen


@dataclass(frozen=True, slots=True)
class Look:
    """How a drawing lies on its canvas. Lengths are in pixels unless said otherwise."""

    side: int  # of the square canvas
    size: float  # the longer side of the drawing, as a share of the canvas
    place: tuple[float, float]  # 0..1 of the room that is left beside and above the drawing
    pen: int  # width of the pen
    turn: float  # radians, clockwise
    ink: int  # grey level, 0..255
    paper: int  # grey level, 0..255

    @classmethod
    def random(cls, rng: Generator) -> Look:
        """Any size, place, pen width and polarity that people draw in."""
        side = int(rng.integers(120, 320))
        faint, strong = rng.integers(0, 60), rng.integers(180, 256)
        dark_on_light = rng.random() < 0.5
        return cls(
            side=side,
            size=rng.uniform(0.25, 0.95),
            place=(rng.random(), rng.random()),
            pen=max(1, round(side * float(np.exp(rng.uniform(np.log(0.004), np.log(0.1)))))),
            turn=rng.normal(0, 0.08),
            ink=int(faint if dark_on_light else strong),
            paper=int(strong if dark_on_light else faint),
        )


def catmull_rom(points: Line, per_segment: int = _POINTS_PER_SEGMENT) -> Line:
    """Run a uniform Catmull-Rom spline (Catmull and Rom 1974) through float [n, 2] points."""
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


def paint(strokes: Strokes, look: Look) -> Pixels:
    """Paint strokes with a round pen: uint8 [side, side].

    Coarse input is smoothed as drawing pages do, by a curve through its points.
    """
    canvas = np.full((look.side, look.side), look.paper, np.uint8)
    for line in _arrange([catmull_rom(line) for line in strokes], look):
        fixed = np.round(line * (1 << _SUBPIXEL_BITS)).astype(np.int32)
        if len(fixed) == 1:
            fixed = np.repeat(fixed, 2, axis=0)
        cv2.polylines(canvas, [fixed], False, look.ink, look.pen, cv2.LINE_AA, shift=_SUBPIXEL_BITS)
    return canvas


def _arrange(strokes: Strokes, look: Look) -> Strokes:
    """Turn, scale and move the strokes to where `look` puts them, the whole pen on the canvas."""
    cos, sin = np.cos(look.turn), np.sin(look.turn)
    turned = [line @ np.array([[cos, sin], [-sin, cos]]) for line in strokes]
    points = np.vstack(turned)
    low, extent = points.min(axis=0), np.ptp(points, axis=0)
    room = look.side - look.pen - 2 * _MARGIN
    scale = look.size * room / max(float(extent.max()), 1e-9)
    offset = (room - extent * scale) * np.array(look.place) + look.pen / 2 + _MARGIN
    return [(line - low) * scale + offset for line in turned]
