"""Photos of paper with more than a digit in them: shadows, tables, rules, vignettes."""

from __future__ import annotations

import io
from collections.abc import Callable

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image

from tests.kinds.pen import Drawn, chance, cover, place
from trainer.recognition.strokes import Strokes

Light = NDArray[np.float64]
"""float64 [height, width, 3], linear in gray levels, 0..1."""


def _waves(shape: tuple[int, int], cells: int, rng: Generator) -> NDArray[np.float64]:
    coarse = rng.normal(0, 1, (cells, cells)).astype(np.float32)
    return cv2.resize(coarse, shape[::-1], interpolation=cv2.INTER_CUBIC).astype(np.float64)


def _distance(shape: tuple[int, int], angle: float) -> NDArray[np.float64]:
    """Across the picture in a direction: 0 at the first corner and 1 at the last."""
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]]
    along = x / shape[1] * np.cos(angle) + y / shape[0] * np.sin(angle)
    return (along - along.min()) / (along.max() - along.min())


def _sheet(shape: tuple[int, int], rng: Generator) -> Light:
    white = rng.uniform(0.65, 0.95)
    tint = np.clip(white + rng.normal(0, 0.02, 3), 0, 1)
    grain = 1 + rng.uniform(0.003, 0.012) * _waves(shape, 60, rng)
    return tint * grain[:, :, None]


def _write(sheet: Light, drawn: Drawn, rng: Generator) -> None:
    dark = rng.uniform(0.05, 0.25)
    ink = np.array([dark, dark, dark + (rng.uniform(0.1, 0.35) if chance(rng, 0.5) else 0)])
    share = cover(drawn.lines, drawn.pen, sheet.shape[:2])[:, :, None]
    sheet[:] = sheet * (1 - share) + ink * share


def _lit(sheet: Light, rng: Generator) -> Light:
    fall = _distance(sheet.shape[:2], rng.uniform(0, 2 * np.pi))
    return sheet * (1 - rng.uniform(0, 0.35) * fall**1.5)[:, :, None]


def _taken(seen: Light, rng: Generator, blur: tuple[float, float] = (0.4, 1.3)) -> bytes:
    seen = cv2.GaussianBlur(seen, (0, 0), rng.uniform(*blur))
    seen = seen + rng.normal(0, rng.uniform(0.003, 0.02), seen.shape)
    file = io.BytesIO()
    picture = Image.fromarray(np.round(seen.clip(0, 1) * 255).astype(np.uint8))
    picture.save(file, "JPEG", quality=int(rng.integers(60, 95)))
    return file.getvalue()


def _shape(rng: Generator) -> tuple[int, int]:
    side = int(rng.integers(180, 520))
    return side, round(side * rng.uniform(0.75, 1.3))


Change = Callable[[Light, Generator], Light]


def _photo(before: Change | None = None, after: Change | None = None):
    """A photo; `before` changes the sheet before it is written on, `after` what lies on it."""

    def photo(strokes: Strokes, label: str, rng: Generator) -> bytes:
        height, width = _shape(rng)
        sheet = _sheet((height, width), rng)
        if before:
            sheet = before(sheet, rng)
        region = (0.2 * width, 0.2 * height, 0.8 * width, 0.8 * height)
        _write(sheet, place(strokes, region, rng, (0.35, 0.95), (0.025, 0.1)), rng)
        sheet = _lit(sheet, rng)
        return _taken(after(sheet, rng) if after else sheet, rng)

    return photo


def _shadow(sheet: Light, rng: Generator) -> Light:
    """A band of shadow along one side, with a soft edge."""
    side = rng.integers(4) * np.pi / 2
    at = _distance(sheet.shape[:2], side + rng.normal(0, 0.12))
    edge = rng.uniform(0.03, 0.22)
    depth = rng.uniform(0.4, 0.85)
    dark = 1 / (1 + np.exp((at - edge) / rng.uniform(0.003, 0.03)))
    return sheet * (1 - depth * dark)[:, :, None]


def _table(sheet: Light, rng: Generator) -> Light:
    """The edge of the sheet, and a dark table beyond it, at one or two sides."""
    shape = sheet.shape[:2]
    first = int(rng.integers(4))
    for side in (first, (first + 1) % 4)[: 1 + int(chance(rng, 0.35))]:
        at = _distance(shape, side * np.pi / 2 + rng.normal(0, 0.06))
        edge = rng.uniform(0.05, 0.18)
        wood = np.array([rng.uniform(0.1, 0.45), rng.uniform(0.08, 0.35), rng.uniform(0.05, 0.3)])
        stripes = 1 + 0.15 * np.sin(_waves(shape, 4, rng) * 6 + at * 60)
        beyond = 1 / (1 + np.exp(np.clip((at - edge) / 0.004, -50, 50)))
        sheet = sheet * (1 - beyond[:, :, None]) + wood * (stripes * beyond)[:, :, None]
    return sheet


def _vignette(sheet: Light, rng: Generator) -> Light:
    height, width = sheet.shape[:2]
    y, x = np.mgrid[0:height, 0:width]
    x0, y0 = width * rng.uniform(0.4, 0.6), height * rng.uniform(0.4, 0.6)
    far = np.hypot((x - x0) / width, (y - y0) / height) * 1.4
    return sheet * (1 - rng.uniform(0.35, 0.75) * far ** rng.uniform(2, 3.5)).clip(0.1)[:, :, None]


def _slanted_rules(sheet: Light, rng: Generator) -> Light:
    height, width = sheet.shape[:2]
    distance = rng.uniform(0.07, 0.22) * height
    slope = np.tan(np.radians(rng.uniform(-7, 7)))
    pen = max(1.0, 0.004 * height)
    color = np.array([0.6, 0.35, 0.1] if chance(rng, 0.6) else [0.4, 0.4, 0.4])
    strength = rng.uniform(0.4, 1.0)
    tall = abs(slope) * width
    lines = [
        np.array([[-5.0, y - 5 * slope], [width + 5.0, y + (width + 5) * slope]])
        for y in np.arange(-tall + rng.uniform(0, distance), height + tall, distance)
    ]
    if chance(rng, 0.3):
        lines += [
            np.array([[x + 5 * slope, -5.0], [x - (height + 5) * slope, height + 5.0]])
            for x in np.arange(-tall + rng.uniform(0, distance), width + tall, distance)
        ]
    share = cover(lines, pen, (height, width))[:, :, None] * strength
    return sheet * (1 - share * color)


def tight(strokes: Strokes, label: str, rng: Generator) -> bytes:
    """A photo cropped closely around a digit written with a thick pen."""
    height, width = _shape(rng)
    sheet = _sheet((height, width), rng)
    drawn = place(strokes, (10, 10, width - 10, height - 10), rng, (0.7, 0.95), (0.12, 0.24))
    _write(sheet, drawn, rng)
    left, top, right, bottom = drawn.box
    spare = rng.uniform(-0.01, 0.05, 4) * height
    rows = slice(max(0, int(top - spare[0])), int(bottom + spare[1]))
    columns = slice(max(0, int(left - spare[2])), int(right + spare[3]))
    return _taken(_lit(sheet, rng)[rows, columns], rng)


def small_vignette(strokes: Strokes, label: str, rng: Generator) -> bytes:
    """A photo of 40×40 pixels, darker towards its corners."""
    side = 240
    sheet = _sheet((side, side), rng)
    _write(sheet, place(strokes, (12, 12, 228, 228), rng, (0.6, 1.0), (0.08, 0.17)), rng)
    seen = cv2.resize(_vignette(_lit(sheet, rng), rng), (40, 40), interpolation=cv2.INTER_AREA)
    return _taken(seen, rng, (0.3, 0.6))


KINDS = {
    "photo": _photo(),
    "photo shadow": _photo(after=_shadow),
    "photo table": _photo(after=_table),
    "photo vignette": _photo(after=_vignette),
    "photo rules": _photo(before=_slanted_rules),
    "photo tight": tight,
    "photo 40 vignette": small_vignette,
}
