"""Synthetic digits in forms that are often misread: flagged, footed and bold 1s, slashed 0s, …

A data set beside `synthetic`, whose samples stay what they are for each seed.
"""

from __future__ import annotations

from pathlib import Path

from numpy.random import Generator

from trainer.data.datasets import data_set
from trainer.data.datasets.synthetic import from_template
from trainer.data.rendering.canvas import RenderStyle, render
from trainer.data.rendering.rendered import RenderedDataset
from trainer.data.samples import Samples, Split
from trainer.data.strokes.hands import HANDS, Hand
from trainer.recognition.array_types import Pixels

_DEFAULT_SIZES = {Split.TRAIN: 10_000, Split.VALIDATION: 1_000, Split.TEST: 1_000}
_FORMS: list[tuple[int, Hand]] = [(digit, hand) for digit in HANDS for hand in HANDS[digit]]


@data_set("hands", "Synthetic strokes: made by this project")
def hands(split: Split, _folder: Path, size: int | None, seed: int) -> Samples:
    """Each form equally often, in random hands and styles; digits 0, 1, 6 and 8 alone.

    Validation and test splits do not depend on the seed, and share no random numbers with training.
    """
    return RenderedDataset(_draw, size or _DEFAULT_SIZES[split], split, seed).samples()


def _draw(_index: int, rng: Generator) -> tuple[int, Pixels]:
    label, hand = _FORMS[int(rng.integers(len(_FORMS)))]
    return label, render(from_template(hand(rng), rng), RenderStyle.random(rng))
