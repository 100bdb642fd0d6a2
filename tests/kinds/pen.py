"""Draws pen strokes on an RGB canvas with Pillow: no spline, no code shared with the trainer."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from trainer.recognition.strokes import Line, Strokes

Canvas = NDArray[np.uint8]
"""uint8 [height, width, 3], RGB."""

Color = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Drawn:
    """Strokes in their place on a canvas, in pixels."""

    lines: Strokes
    pen: float

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of the ink."""
        points, reach = np.vstack(self.lines), self.pen / 2
        (left, top), (right, bottom) = points.min(axis=0) - reach, points.max(axis=0) + reach
        return float(left), float(top), float(right), float(bottom)


def chance(rng: Generator, share: float) -> bool:
    return bool(rng.random() < share)


def colors(rng: Generator) -> tuple[Color, Color]:
    """Ink and paper: mostly dark on light, a quarter light on dark, some colored."""
    dark, light = int(rng.integers(0, 60)), int(rng.integers(225, 256))
    ink, paper = (dark, dark, dark), (light, light, light)
    if chance(rng, 0.3):
        red, green, blue = rng.integers(0, 130, 3).tolist()
        ink = (red, green, blue)
    if chance(rng, 0.4):
        paper = (255, 255, 255)
    return (paper, ink) if chance(rng, 0.25) else (ink, paper)


def between(ink: Color, paper: Color, share: float) -> Color:
    """A color between those of ink (1) and paper (0)."""
    red, green, blue = (round(p + (i - p) * share) for i, p in zip(ink, paper, strict=True))
    return red, green, blue


def blank(height: int, width: int, paper: Color) -> Canvas:
    return np.full((height, width, 3), paper, np.uint8)


def place(
    strokes: Strokes,
    region: tuple[float, float, float, float],
    rng: Generator,
    size: tuple[float, float] = (0.5, 0.8),
    pen: tuple[float, float] = (0.05, 0.12),
) -> Drawn:
    """Put strokes, a little turned and slanted, somewhere into a region (left, top, right, bottom).

    `size` is the range of the longer side, as a share of what the region allows; `pen` that of the
    pen's width by the longer side, at least one pixel.
    """
    turn, slant = rng.normal(0, 0.06), rng.normal(0, 0.08)
    cos, sin = np.cos(turn), np.sin(turn)
    lines = [smoothed(line) @ np.array([[cos, sin], [-sin - slant, cos]]) for line in strokes]
    points = np.vstack(lines)
    low, extent = points.min(axis=0), np.ptp(points, axis=0)
    left, top, right, bottom = region
    thick = rng.uniform(*pen)
    room = np.array([right - left, bottom - top])
    # The pen's width is a share of the longer side: both have to fit.
    whole = extent / max(float(extent.max()), 1e-9) + thick
    longest = float(rng.uniform(*size) * (room / whole).min())
    scale = longest / max(float(extent.max()), 1e-9)
    spare = room - whole * longest
    start = np.array([left, top]) + spare * rng.random(2) + thick * longest / 2
    return Drawn([(line - low) * scale + start for line in lines], max(1.0, thick * longest))


def smoothed(line: Line) -> Line:
    """A moving average over three points; the ends stay."""
    if len(line) < 4:
        return line
    middle = (line[:-2] + 2 * line[1:-1] + line[2:]) / 4
    return np.vstack([line[:1], middle, line[-1:]])


def cover(lines: Strokes, pen: float, shape: tuple[int, int]) -> NDArray[np.float64]:
    """How much of each pixel the pen covers: float64 [height, width], 0..1."""
    height, width = shape
    factor = 1 if height * width > 1_000_000 else 2 if height * width > 200_000 else 4
    image = Image.new("L", (width * factor, height * factor))
    draw = ImageDraw.Draw(image)
    radius = pen * factor / 2
    for line in lines:
        points = [(float(x), float(y)) for x, y in line * factor]
        if len(points) > 1:
            draw.line(points, 255, max(1, round(2 * radius)), "curve")
        for x, y in (points[0], points[-1]) if radius >= 1 else ():
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), 255)
    return np.asarray(image.reduce(factor) if factor > 1 else image) / 255


def paint(canvas: Canvas, share: NDArray[np.float64], color: Color) -> None:
    """Mix a color into the canvas, in place; `share` is 0..1, [height, width]."""
    part = share[:, :, None]
    canvas[:] = np.round(canvas * (1 - part) + np.array(color) * part)


def write(canvas: Canvas, drawn: Drawn, color: Color) -> None:
    paint(canvas, cover(drawn.lines, drawn.pen, canvas.shape[:2]), color)


def wobbly(points: Sequence[tuple[float, float]], rng: Generator, amount: float) -> Line:
    """A line through points as a hand draws it; `amount` is the standard deviation in pixels."""
    corners = np.array(points, np.float64)
    steps = np.linspace(0, len(corners) - 1, 40 * (len(corners) - 1) + 1)
    line = np.stack([np.interp(steps, np.arange(len(corners)), corners[:, i]) for i in (0, 1)], 1)
    knots = np.linspace(0, len(corners) - 1, 6 * (len(corners) - 1))
    moves = [np.interp(steps, knots, rng.normal(0, amount, len(knots))) for _ in range(2)]
    return line + np.stack(moves, 1)


def oval(
    box: tuple[float, float, float, float], rng: Generator, amount: float, start: float, turn: float
) -> Line:
    """An ellipse in a box as a hand draws it, from an angle on for `turn` (radians)."""
    left, top, right, bottom = box
    angles = start + np.linspace(0, turn, 80)
    drift = 1 + np.interp(angles, np.linspace(angles[0], angles[-1], 7), rng.normal(0, amount, 7))
    x = (left + right) / 2 + (right - left) / 2 * drift * np.cos(angles)
    y = (top + bottom) / 2 + (bottom - top) / 2 * drift * np.sin(angles)
    return np.stack([x, y], 1)


def as_file(canvas: Canvas, rng: Generator, jpeg: float = 0.25) -> bytes:
    """A PNG file, or with this chance a JPEG file of ordinary quality."""
    file = io.BytesIO()
    image = Image.fromarray(canvas)
    if chance(rng, jpeg):
        image.save(file, "JPEG", quality=int(rng.integers(70, 96)))
    else:
        image.save(file, "PNG")
    return file.getvalue()
