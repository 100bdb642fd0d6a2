"""Printed digits: in the fonts of OpenCV, of seven segments, and hollow outlines."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.random import Generator

from trainer.data.datasets import data_set
from trainer.data.datasets.synthetic import synthetic_strokes
from trainer.data.rendering.canvas import RenderStyle, random_colors, render
from trainer.data.rendering.rendered import RenderedDataset
from trainer.data.samples import Samples, Split
from trainer.recognition.array_types import Pixels
from trainer.recognition.strokes import Strokes, fit_to_canvas, to_fixed_point

_DEFAULT_SIZES = {Split.TRAIN: 10_000, Split.VALIDATION: 1_000, Split.TEST: 1_000}
_FONTS = (
    cv2.FONT_HERSHEY_SIMPLEX,
    cv2.FONT_HERSHEY_DUPLEX,
    cv2.FONT_HERSHEY_COMPLEX,
    cv2.FONT_HERSHEY_TRIPLEX,
    cv2.FONT_HERSHEY_SCRIPT_COMPLEX,
)
"""Which shapes these have depends on OpenCV's version: strokes before 5, outlines since."""

_SEGMENTS = {  # (start, end) in a box 1 wide and 2 high
    "a": ((0, 0), (1, 0)),
    "b": ((1, 0), (1, 1)),
    "c": ((1, 1), (1, 2)),
    "d": ((0, 2), (1, 2)),
    "e": ((0, 1), (0, 2)),
    "f": ((0, 0), (0, 1)),
    "g": ((0, 1), (1, 1)),
}
_LIT = ("abcdef", "bc", "abged", "abgcd", "fgbc", "afgcd", "afgedc", "abc", "abcdefg", "abcdfg")
"""The segments of each digit."""

_RINGS = (0, 8)
"""Digits whose hollow outline `preprocess` takes for a ring around something, and erases."""


@data_set("printed", "Synthetic digits: made by this project")
def printed(split: Split, _folder: Path, size: int | None, seed: int) -> Samples:
    """In fonts and seven segments; half of them, but no 0 and 8, as hollow outlines.

    Validation and test splits do not depend on the seed, and share no random numbers with training.
    """
    return RenderedDataset(_draw, size or _DEFAULT_SIZES[split], split, seed).samples()


def _draw(_index: int, rng: Generator) -> tuple[int, Pixels]:
    label, kind = int(rng.integers(10)), rng.random()
    if kind < 0.5 and label not in _RINGS:
        return label, _colored(_hollow(_thick(label, rng), rng), rng)
    return label, _colored(
        _font(label, rng) if kind < 0.35 or kind >= 0.65 else _segments(label, rng), rng
    )


def _font(label: int, rng: Generator) -> Pixels:
    """A digit in a font: uint8, 255 for ink."""
    font = _FONTS[int(rng.integers(len(_FONTS)))]
    scale, pen = rng.uniform(4, 5.5), int(rng.integers(3, 30))
    (width, height), _ = cv2.getTextSize(str(label), font, scale, pen)
    margin = 40
    canvas = np.zeros((height + 2 * margin, width + 2 * margin), np.uint8)
    start = (margin, height + margin)
    cv2.putText(canvas, str(label), start, font, scale, 255, pen, cv2.LINE_AA)
    return _sheared(canvas, rng)


def _segments(label: int, rng: Generator) -> Pixels:
    """A digit of seven segments, with gaps between them or without."""
    gap = rng.uniform(-0.02, 0.12)
    lines: Strokes = []
    for name in _LIT[label]:
        start, end = (np.array(point, float) for point in _SEGMENTS[name])
        along = (end - start) * gap
        lines.append(np.array([start + along, end - along]))
    pen = rng.uniform(6, 26)
    canvas = np.zeros((200, 200), np.uint8)
    for line in fit_to_canvas(lines, 200, 0.8, pen):
        points = to_fixed_point(line)
        cv2.polylines(canvas, [points], False, 255, round(pen), cv2.LINE_AA, 4)
    return _sheared(canvas, rng)


def _thick(label: int, rng: Generator) -> Pixels:
    """A digit with strokes that have room for an inside: a font's, or a hand's."""
    if rng.random() < 0.4:
        canvas = _font(label, rng)
        wide = int(rng.integers(5, 12))
        return np.asarray(cv2.dilate(canvas, np.ones((wide, wide), np.uint8)), np.uint8)
    style = RenderStyle(pen=float(rng.uniform(22, 40)), size=0.8)
    return 255 - render(synthetic_strokes(label, rng), style)


def _hollow(ink: Pixels, rng: Generator) -> Pixels:
    """The outline of ink, with a pen of 2 to 6 pixels."""
    outlines, _ = cv2.findContours(
        (ink > 127).astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE
    )
    canvas = np.zeros_like(ink)
    cv2.drawContours(canvas, outlines, -1, 255, int(rng.integers(2, 7)), cv2.LINE_AA)
    return canvas


def _sheared(ink: Pixels, rng: Generator) -> Pixels:
    """Slant ink and change its width."""
    height, width = ink.shape
    slant, stretch = rng.normal(0, 0.1), float(np.exp(rng.normal(-0.1, 0.15)))
    padding = abs(slant) * height
    matrix = np.array([[stretch, -slant, padding if slant > 0 else 0.0], [0, 1, 0]], np.float32)
    size = (round(width * stretch + padding), height)
    return np.asarray(cv2.warpAffine(ink, matrix, size), np.uint8)


def _colored(ink: Pixels, rng: Generator) -> Pixels:
    """Ink of 255 in random colors, or in gray."""
    colors = random_colors(rng)
    front, back = (np.broadcast_to(np.array(each, float), 3) for each in colors)
    share = ink[:, :, None] / 255
    margin = round(rng.uniform(0, 0.5) * len(ink))
    share = np.pad(share, ((margin, margin), (margin, margin), (0, 0)))
    return np.asarray(np.round(back + (front - back) * share), np.uint8)
