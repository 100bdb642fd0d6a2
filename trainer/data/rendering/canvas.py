"""From pen strokes to the picture that a browser's canvas would show, or a camera would take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from trainer.data.rendering.photo import Photo, photograph, through_jpeg
from trainer.recognition.preprocess import Pixels
from trainer.recognition.strokes import Line, Strokes, catmull_rom

Colour = int | tuple[int, int, int]
"""A grey level, or red, green and blue; 0..255."""

_SUBPIXEL_BITS = 4  # OpenCV takes coordinates in fixed point
_MARGIN = 3  # pixels that OpenCV may paint beyond the width of the pen
_FINE_PEN = 5  # pixels; thinner ones are rendered at twice the size, as OpenCV's are whole pixels
_FATTEST_PEN = 0.2  # of the drawing's longer side; with more than this an 8 has no holes


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderStyle:
    """How a drawing lies on its canvas. Lengths are in pixels unless said otherwise."""

    side: int = 280  # of the square canvas
    size: float = 0.6  # the longer side of the drawing, as a share of the canvas
    place: tuple[float, float] = (0.5, 0.5)  # 0..1 of the room beside and above the drawing
    pen: float = 11.0  # width of the pen
    turn: float = 0.0  # radians, clockwise
    slant: float = 0.0  # horizontal shift per unit of height, to the right
    stretch: float = 1.0  # of the width, the height staying as it is
    coarse: int = 1  # only each so many points of a stroke arrive, as on a slow device
    smooth: bool = True  # a curve through the points, as good drawing pages make; or straight lines
    flat_caps: bool = False
    pressure: float = 0.0  # share by which pressure and speed change the pen's width, either way
    skips: float = 0.0  # share of the ink that the pen leaves out
    ink: Colour = 0
    paper: Colour = 255
    transparent: bool = False  # the canvas was never filled: nothing but ink is opaque
    jpeg: int | None = None  # quality it was stored at, 1..100
    photo: Photo | None = None  # how it was photographed, where it was; its ink is dark
    seed: int = 0  # of what is random within the painting

    @classmethod
    def random(cls, rng: Generator, photos: float = 0.1) -> RenderStyle:
        """Everything that people draw with and on, at once; `photos` is the share of photos."""
        side = int(rng.integers(120, 320))
        size = float(rng.uniform(0.15, 1.0))
        widest = min(0.1 * side, _FATTEST_PEN * size * side)
        ink, paper = random_colours(rng)
        return cls(
            side=side,
            size=size,
            place=(rng.random(), rng.random()),
            pen=float(np.exp(rng.uniform(0, np.log(max(widest, 1.5))))),
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


def random_colours(rng: Generator) -> tuple[Colour, Colour]:
    """Ink and paper: mostly greys, else two colours that differ well in one channel at least."""
    if rng.random() < 0.7:
        faint, strong = int(rng.integers(0, 70)), int(rng.integers(170, 256))
        return (faint, strong) if rng.random() < 0.5 else (strong, faint)
    while True:
        ink, paper = rng.integers(0, 256, (2, 3))
        if np.abs(ink - paper).max() >= 90:
            red, green, blue = ink
            return (int(red), int(green), int(blue)), cast(Colour, tuple(map(int, paper)))


def render(strokes: Strokes, look: RenderStyle) -> Pixels:
    """Paint strokes in a look.

    uint8 [side, side] where ink and paper are grey, [side, side, 3] where they are coloured or
    photographed, [side, side, 4] on a transparent canvas.
    """
    lines = [_sampled(line, look) for line in strokes]
    coverage = _coverage(_arrange(lines, look), look)
    if look.photo:
        return photograph(coverage, look.photo)
    if look.transparent:
        colour = np.broadcast_to(np.asarray(look.ink, np.uint8), (*coverage.shape, 3))
        return np.dstack([colour, coverage])
    picture = _mix(coverage, look.ink, look.paper)
    return picture if look.jpeg is None else through_jpeg(picture, look.jpeg)


def _mix(coverage: Pixels, ink: Colour, paper: Colour) -> Pixels:
    inks, papers = np.atleast_1d(ink), np.atleast_1d(paper)
    if len(inks) != len(papers):
        inks, papers = np.broadcast_arrays(inks, papers)
    level = np.arange(256) / 255
    tables = [
        np.round(p + (i - p) * level).astype(np.uint8) for i, p in zip(inks, papers, strict=True)
    ]
    planes = [cv2.LUT(coverage, table) for table in tables]
    return planes[0] if len(planes) == 1 else cv2.merge(planes)


def _sampled(line: Line, look: RenderStyle) -> Line:
    """The points as they arrive, and the line that a page draws through them."""
    if look.coarse > 1 and len(line) > 2 * look.coarse:
        line = np.vstack([line[: -1 : look.coarse], line[-1:]])
    return catmull_rom(line) if look.smooth else line


def _arrange(strokes: Strokes, look: RenderStyle) -> Strokes:
    """Slant, turn, scale and move the strokes to where `look` puts them, the pen on the canvas."""
    cos, sin = np.cos(look.turn), np.sin(look.turn)
    shape = np.array([[look.stretch, 0], [-look.slant, 1]]) @ np.array([[cos, sin], [-sin, cos]])
    turned = [line @ shape for line in strokes]
    points = np.vstack(turned)
    low, extent = points.min(axis=0), np.ptp(points, axis=0)
    room = look.side - look.pen - 2 * _MARGIN
    scale = look.size * room / max(float(extent.max()), 1e-9)
    offset = (room - extent * scale) * np.array(look.place) + look.pen / 2 + _MARGIN
    return [(line - low) * scale + offset for line in turned]


def _coverage(strokes: Strokes, look: RenderStyle) -> Pixels:
    """Where the pen went: uint8 [side, side], 255 for nothing but ink."""
    fine = 2 if look.pen < _FINE_PEN else 1
    canvas: Pixels = np.zeros((look.side * fine, look.side * fine), np.uint8)
    rng = np.random.default_rng(look.seed)
    pen = look.pen * fine
    for line in strokes:
        line = line * fine + (fine - 1) / 2  # noqa: PLW2901
        if look.flat_caps and len(line) > 1:
            line = _cap(canvas, line, pen)  # noqa: PLW2901
        if look.pressure and len(line) > 2:
            _press(canvas, line, pen, look.pressure, rng)
        else:
            _stroke(canvas, line, pen)
    if fine > 1:
        canvas = cv2.resize(canvas, (look.side, look.side), interpolation=cv2.INTER_AREA)
    return _skip(canvas, look, rng) if look.skips else canvas


def _stroke(canvas: Pixels, line: Line, pen: float) -> None:
    fixed = _fixed(line)
    if len(fixed) == 1:
        fixed = np.repeat(fixed, 2, axis=0)
    cv2.polylines(canvas, [fixed], False, 255, max(1, round(pen)), cv2.LINE_AA, _SUBPIXEL_BITS)


def _press(canvas: Pixels, line: Line, pen: float, amount: float, rng: Generator) -> None:
    """Paint with a width that follows speed (points come evenly in time) and an uneven hand."""
    step = np.linalg.norm(np.diff(line, axis=0), axis=1)
    speed = cv2.blur(step.reshape(-1, 1), (1, 15)).ravel()
    slowness = 1 - speed / max(float(speed.mean()), 1e-9)
    hand = np.interp(np.arange(len(step)), np.linspace(0, len(step), 5), rng.normal(0, 0.6, 5))
    widths = pen * (1 + amount * np.clip(slowness + hand, -1, 1))
    for start, end, width in zip(_fixed(line[:-1]), _fixed(line[1:]), widths, strict=True):
        thickness = max(1, round(width))
        cv2.line(canvas, start.tolist(), end.tolist(), 255, thickness, cv2.LINE_AA, _SUBPIXEL_BITS)


def _cap(canvas: Pixels, line: Line, pen: float) -> Line:
    """Paint square ends, and give back what lies between them for a round pen."""
    ahead = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    inner = (ahead >= pen / 2) & (ahead <= ahead[-1] - pen / 2)
    if inner.sum() < 2:
        return line
    middle = line[inner]
    for end, neighbour in ((line[0], middle[0]), (line[-1], middle[-1])):
        along = neighbour - end
        across = np.array([-along[1], along[0]]) * pen / 2 / max(float(np.hypot(*along)), 1e-9)
        corners = np.array([end + across, neighbour + across, neighbour - across, end - across])
        cv2.fillConvexPoly(canvas, _fixed(corners), 255, cv2.LINE_AA, _SUBPIXEL_BITS)
    return middle


def _skip(canvas: Pixels, look: RenderStyle, rng: Generator) -> Pixels:
    """Leave out patches about as large as the pen is wide, as a dry pen does."""
    cells = int(np.clip(look.side / max(look.pen, 2), 8, 80))
    patches = cv2.resize(rng.random((cells, cells)), canvas.shape[::-1])
    return np.where(patches < np.quantile(patches, look.skips), 0, canvas).astype(np.uint8)


def _fixed(points: Line) -> NDArray[np.int32]:
    return np.round(points * (1 << _SUBPIXEL_BITS)).astype(np.int32)
