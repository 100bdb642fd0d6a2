"""Renders pen strokes as a browser's canvas shows them; `photo` takes over for photos."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
from numpy.random import Generator

from trainer.data.rendering.photo import Photo, photograph, through_jpeg
from trainer.recognition.array_types import Pixels
from trainer.recognition.strokes import (
    DEFAULT_PEN,
    DEFAULT_SIDE,
    DEFAULT_SIZE,
    SUBPIXEL_BITS,
    Line,
    Strokes,
    catmull_rom,
    draw_line,
    fit_to_canvas,
    rotation,
    to_fixed_point,
)

Color = int | tuple[int, int, int]
"""A gray level, or red, green and blue; 0..255."""

_FINE_PEN = 5  # pixels; thinner pens are rendered at twice the size, as OpenCV rounds the width
_MAX_PEN = 0.2  # of the drawing's longer side; with a wider pen an 8 has no holes


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderStyle:
    """How a drawing is rendered. Lengths are in pixels unless stated otherwise."""

    side: int = DEFAULT_SIDE  # of the square canvas
    size: float = DEFAULT_SIZE  # longer side of the drawing, as a share of the canvas
    place: tuple[float, float] = (0.5, 0.5)  # position (x, y): 0 is left or top, 1 right or bottom
    pen: float = DEFAULT_PEN  # width of the pen
    turn: float = 0.0  # rotation in radians, clockwise
    slant: float = 0.0  # horizontal shift per unit of height, to the right
    stretch: float = 1.0  # factor of the width
    coarse: int = 1  # only every n-th point is used, as a slow device would report
    smooth: bool = True  # a spline through the points; otherwise straight segments
    flat_caps: bool = False  # lines end square instead of round
    pressure: float = 0.0  # relative change of the pen's width by pressure and speed, either way
    skips: float = 0.0  # share of the ink that the pen skips
    ink: Color = 0
    paper: Color = 255
    transparent: bool = False  # the canvas was never filled: only ink is opaque
    jpeg: int | None = None  # stored as JPEG of this quality, 1..100
    photo: Photo | None = (
        None  # how it is photographed; `ink`, `paper`, `transparent`, `jpeg` are ignored
    )
    seed: int = 0  # of the random variations within one rendering

    @classmethod
    def random(cls, rng: Generator, photos: float = 0.1) -> RenderStyle:
        """A random style with the variety of pens, devices and papers that people use.

        `photos` is the share of photos, 0..1.
        """
        side = int(rng.integers(120, 320))
        size = float(rng.uniform(0.15, 1.0))
        max_pen = min(0.1 * side, _MAX_PEN * size * side)
        ink, paper = random_colors(rng)
        return cls(
            side=side,
            size=size,
            place=(rng.random(), rng.random()),
            pen=float(np.exp(rng.uniform(0, np.log(max(max_pen, 1.5))))),
            turn=float(np.clip(rng.normal(0, 0.1), -0.3, 0.3)),
            slant=float(rng.normal(0, 0.12)),
            stretch=float(np.exp(rng.normal(0, 0.12))),
            coarse=int(rng.choice([1, 1, 1, 2, 3])),
            smooth=bool(rng.random() < 0.75),
            flat_caps=bool(rng.random() < 0.15),
            pressure=float(rng.uniform(0.1, 0.6)) if rng.random() < 0.3 else 0.0,
            skips=float(rng.uniform(0.02, 0.15)) if rng.random() < 0.1 else 0.0,
            ink=ink,
            paper=paper,
            transparent=bool(rng.random() < 0.1),
            jpeg=int(rng.integers(10, 95)) if rng.random() < 0.15 else None,
            photo=Photo.random(rng) if rng.random() < photos else None,
            seed=int(rng.integers(2**32)),
        )


def random_colors(rng: Generator) -> tuple[Color, Color]:
    """Random ink and paper: mostly gray, otherwise colors that differ clearly in some channel."""
    if rng.random() < 0.7:
        faint, strong = int(rng.integers(0, 70)), int(rng.integers(170, 256))
        return (faint, strong) if rng.random() < 0.5 else (strong, faint)
    while True:
        ink, paper = rng.integers(0, 256, (2, 3))
        if np.abs(ink - paper).max() >= 90:
            red, green, blue = ink
            return (int(red), int(green), int(blue)), cast(Color, tuple(map(int, paper)))


def render(strokes: Strokes, style: RenderStyle) -> Pixels:
    """Render at least one stroke in a style.

    Returns uint8 [side, side] if ink and paper are gray, [side, side, 3] (RGB) if they are colored
    or photographed, and [side, side, 4] (RGBA) on a transparent canvas.
    """
    lines = [_sampled(line, style) for line in strokes]
    coverage = _coverage(_arranged(lines, style), style)
    if style.photo:
        return photograph(coverage, style.photo)
    if style.transparent:
        color = np.broadcast_to(np.asarray(style.ink, np.uint8), (*coverage.shape, 3))
        return np.dstack([color, coverage])
    picture = _blend(coverage, style.ink, style.paper)
    return picture if style.jpeg is None else through_jpeg(picture, style.jpeg)


def _blend(coverage: Pixels, ink: Color, paper: Color) -> Pixels:
    """Put ink on paper, by the coverage of each pixel, uint8 [height, width]."""
    inks, papers = np.atleast_1d(ink), np.atleast_1d(paper)
    if len(inks) != len(papers):
        inks, papers = np.broadcast_arrays(inks, papers)
    level = np.arange(256) / 255
    tables = [
        np.round(p + (i - p) * level).astype(np.uint8) for i, p in zip(inks, papers, strict=True)
    ]
    planes = [cv2.LUT(coverage, table) for table in tables]
    return planes[0] if len(planes) == 1 else cv2.merge(planes)


def _sampled(line: Line, style: RenderStyle) -> Line:
    """The points that the device reports, and the line that a page draws through them."""
    if style.coarse > 1 and len(line) > 2 * style.coarse:
        line = np.vstack([line[: -1 : style.coarse], line[-1:]])
    return catmull_rom(line) if style.smooth else line


def _arranged(strokes: Strokes, style: RenderStyle) -> Strokes:
    """Stretch, slant, rotate, scale and move the strokes onto the canvas."""
    shape = np.array([[style.stretch, 0], [-style.slant, 1]]) @ rotation(style.turn)
    turned = [line @ shape for line in strokes]
    return fit_to_canvas(turned, style.side, style.size, style.pen, style.place)


def _coverage(strokes: Strokes, style: RenderStyle) -> Pixels:
    """How much of each pixel is ink: uint8 [side, side], 255 for all of it."""
    factor = 2 if style.pen < _FINE_PEN else 1  # supersampling
    canvas: Pixels = np.zeros((style.side * factor, style.side * factor), np.uint8)
    rng = np.random.default_rng(style.seed)
    pen = style.pen * factor
    for stroke in strokes:
        line = stroke * factor + (factor - 1) / 2
        if style.flat_caps and len(line) > 1:
            line = _draw_flat_caps(canvas, line, pen)
        if style.pressure and len(line) > 2:
            _draw_with_pressure(canvas, line, pen, style.pressure, rng)
        else:
            draw_line(canvas, line, pen)
    if factor > 1:
        canvas = cv2.resize(canvas, (style.side, style.side), interpolation=cv2.INTER_AREA)
    return _with_skips(canvas, style, rng) if style.skips else canvas


def _draw_with_pressure(
    canvas: Pixels, line: Line, pen: float, amount: float, rng: Generator
) -> None:
    """Draw with a width that varies with speed (points are evenly spaced in time) and at random."""
    step = np.linalg.norm(np.diff(line, axis=0), axis=1)
    speed = cv2.blur(step.reshape(-1, 1), (1, 15)).ravel()
    slowness = 1 - speed / max(float(speed.mean()), 1e-9)
    hand = np.interp(np.arange(len(step)), np.linspace(0, len(step), 5), rng.normal(0, 0.6, 5))
    widths = pen * (1 + amount * np.clip(slowness + hand, -1, 1))
    points = to_fixed_point(line)
    for start, end, width in zip(points[:-1], points[1:], widths, strict=True):
        thickness = max(1, round(width))
        cv2.line(canvas, start.tolist(), end.tolist(), 255, thickness, cv2.LINE_AA, SUBPIXEL_BITS)


def _draw_flat_caps(canvas: Pixels, line: Line, pen: float) -> Line:
    """Draw square ends of a line, and return what is left between them for a round pen."""
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    inner = (length >= pen / 2) & (length <= length[-1] - pen / 2)
    if inner.sum() < 2:
        return line
    middle = line[inner]
    for end, neighbor in ((line[0], middle[0]), (line[-1], middle[-1])):
        along = neighbor - end
        across = np.array([-along[1], along[0]]) * pen / 2 / max(float(np.hypot(*along)), 1e-9)
        corners = np.array([end + across, neighbor + across, neighbor - across, end - across])
        cv2.fillConvexPoly(canvas, to_fixed_point(corners), 255, cv2.LINE_AA, SUBPIXEL_BITS)
    return middle


def _with_skips(canvas: Pixels, style: RenderStyle, rng: Generator) -> Pixels:
    """Leave out patches about as large as the pen is wide, as a dry pen does."""
    cells = int(np.clip(style.side / max(style.pen, 2), 8, 80))
    patches = cv2.resize(rng.random((cells, cells)), canvas.shape[::-1])
    return np.where(patches < np.quantile(patches, style.skips), 0, canvas).astype(np.uint8)
