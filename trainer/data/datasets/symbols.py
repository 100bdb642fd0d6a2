"""Greek letters, symbols and signs, alone and in a ring or a box, as examples of non-digits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.random import Generator

from trainer.data.datasets import data_set
from trainer.data.datasets.synthetic import from_template
from trainer.data.rendering.canvas import RenderStyle, render
from trainer.data.rendering.rendered import RenderedDataset
from trainer.data.samples import Samples, Split
from trainer.data.strokes.symbols import SYMBOLS
from trainer.recognition.array_types import Pixels
from trainer.recognition.labels import NOT_A_DIGIT
from trainer.recognition.strokes import Line, Strokes

_DEFAULT_SIZES = {Split.TRAIN: 10_000, Split.VALIDATION: 1_000, Split.TEST: 1_000}
_ENCLOSED_SHARE = 0.2
_TEMPLATES = list(SYMBOLS.values())


@data_set("symbols", "Synthetic strokes: made by this project")
def symbols(split: Split, _folder: Path, size: int | None, seed: int) -> Samples:
    """Each symbol equally often, one in five with a ring or a box around it, in random styles.

    Validation and test splits do not depend on the seed, and share no random numbers with training.
    """
    return RenderedDataset(_draw, size or _DEFAULT_SIZES[split], split, seed).samples()


def _draw(_index: int, rng: Generator) -> tuple[int, Pixels]:
    strokes = from_template(_TEMPLATES[int(rng.integers(len(_TEMPLATES)))], rng)
    if rng.random() < _ENCLOSED_SHARE:
        strokes = _enclosed(strokes, rng)
    return NOT_A_DIGIT, render(strokes, RenderStyle.random(rng))


def _enclosed(symbol: Strokes, rng: Generator) -> Strokes:
    """A symbol with a hand-drawn ring or box around it, which does not touch it."""
    points = np.vstack(symbol)
    low, high = points.min(axis=0), points.max(axis=0)
    reach = (high - low).max() * rng.uniform(0.25, 0.6)
    half = (high - low) / 2 + reach
    around = _ring(rng) * 1.3 if rng.random() < 0.5 else _box(rng)
    return [*symbol, around * half + (low + high) / 2]


def _ring(rng: Generator) -> Line:
    angles = rng.uniform(0, 2 * np.pi) + np.linspace(0, 2 * np.pi * rng.uniform(0.95, 1.1), 50)
    radius = 1 + np.interp(np.arange(50), np.linspace(0, 49, 6), rng.normal(0, 0.04, 6))
    return np.column_stack([np.cos(angles), np.sin(angles)]) * radius[:, None]


def _box(rng: Generator) -> Line:
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1], [-1, -1]], float)
    return corners + rng.normal(0, 0.04, corners.shape)
