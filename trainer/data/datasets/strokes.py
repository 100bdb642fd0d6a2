"""Digits that people drew with a pen, kept as strokes (UNIPEN, pendigits).

Files are `strokes/digits-*.jsonl.gz` in the data folder; `trainer.data.strokes.records` reads them.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from trainer.data.datasets import data_set
from trainer.data.rendering.rendered import Drawings, RenderedRecords
from trainer.data.samples import Samples, Split, repeated
from trainer.data.strokes.records import ATTRIBUTION, read_split

VALIDATION_LOOKS = 4
"""Each digit of the few validation writers is rendered so many times, each time in another look."""

_OTHER_HANDS = 0.5  # share of the training part


@data_set("strokes", ATTRIBUTION, files="strokes/digits-*.jsonl.gz")
def strokes(split: Split, folder: Path, size: int | None, seed: int) -> Samples:
    """The digits of the split's writers, each rendered on a canvas in a random look.

    More than there are records means painting each of them again, in another look. For training
    half of them are rendered as another hand might have written them. Validation and test look the
    same whatever the seed.
    """
    return stroke_drawings(split, folder, size, seed).samples()


def stroke_drawings(
    split: Split, folder: Path, size: int | None, seed: int, other_hands: float = _OTHER_HANDS
) -> Drawings:
    """The same, rendered on demand; `other_hands` is the share of them in training."""
    records = read_split(folder, "digits", split)
    if size is None and split is Split.VALIDATION:
        size = VALIDATION_LOOKS * len(records)
    order = repeated(len(records), size, np.random.default_rng(seed))
    draw = RenderedRecords(records, order, other_hands if split is Split.TRAIN else 0.0)
    return Drawings(draw, len(order), split, seed)
