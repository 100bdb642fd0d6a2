"""Digits in small pictures: of 8 to 16 pixels, and photos of 24 to 48 pixels.

The photos are darker at their corners, which leaves a gray ground behind the digit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from trainer.data.datasets import data_set
from trainer.data.rendering.canvas import RenderStyle, render
from trainer.data.rendering.rendered import RenderedDataset
from trainer.data.samples import Samples, Split, repeated
from trainer.data.strokes.records import ATTRIBUTION, Record, read_split
from trainer.recognition.array_types import Pixels

_DEFAULT_SIZES = {Split.TRAIN: 10_000, Split.VALIDATION: 1_000, Split.TEST: 1_000}


@data_set("small", ATTRIBUTION, files="strokes/digits-*.jsonl.gz")
def small(split: Split, folder: Path, size: int | None, seed: int) -> Samples:
    """Digits of the split's writers: half in 8 to 16 pixels, half as small photos.

    Validation and test splits do not depend on the seed. Raises `TrainerError` if the files are
    missing or damaged.
    """
    records = read_split(folder, "digits", split)
    rng = np.random.default_rng(seed if split is Split.TRAIN else 0)
    order = repeated(len(records), size or _DEFAULT_SIZES[split], rng)
    return RenderedDataset(_Renderer(records, order), len(order), split, seed).samples()


@dataclass(frozen=True, slots=True)
class _Renderer:
    records: list[Record]
    order: NDArray[np.int64]

    def __call__(self, index: int, rng: Generator) -> tuple[int, Pixels]:
        record = self.records[self.order[index]]
        style = RenderStyle.random(rng, photos=0)
        size = float(rng.uniform(0.7, 1.0))
        pen = size * style.side * float(rng.uniform(0.06, 0.16))
        style = replace(style, size=size, pen=pen, skips=0.0, transparent=False, jpeg=None)
        if rng.random() < 0.5:
            return record.target, _shrunk(render(record.strokes, style), int(rng.integers(8, 17)))
        ink, paper = float(rng.uniform(0, 0.3)), float(rng.uniform(0.65, 1))
        style = replace(style, ink=round(255 * ink), paper=round(255 * paper))
        return record.target, _photo(render(record.strokes, style), rng)


def _photo(picture: Pixels, rng: Generator) -> Pixels:
    """A small gray photo, dark towards its corners."""
    side = len(picture)
    x, y = np.meshgrid(*(np.arange(side) / side - rng.uniform(0.4, 0.6) for _ in range(2)))
    light = 1 - rng.uniform(0.2, 0.65) * (1.4 * np.hypot(x, y)) ** rng.uniform(1.5, 3.5)
    seen = _shrunk((picture * light.clip(0.1)).astype(np.uint8), int(rng.integers(24, 49)))
    noisy = seen + rng.normal(0, rng.uniform(0, 4), seen.shape)
    return np.asarray(np.round(noisy.clip(0, 255)), np.uint8)


def _shrunk(picture: Pixels, side: int) -> Pixels:
    return np.asarray(cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA), np.uint8)
