"""What one run learns from and is judged by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trainer.bundle import TrainingData
from trainer.data import Digits, Source, Split


@dataclass(frozen=True, slots=True)
class Sets:
    """The digits of a run, and the card's description of those it learns from."""

    train: Digits
    validation: Digits
    description: list[TrainingData]


def load_sets(sources: Sequence[Source], validation_sources: Sequence[Source], seed: int) -> Sets:
    """Load what to learn from and what to judge by.

    The validation part of a data set that does not judge is learned from as well: nothing is
    chosen by it. Test parts are never touched here.
    """
    judges = {source.name for source in validation_sources}
    learned, description = [], []
    for source in sources:
        splits = [Split.TRAIN] if source.name in judges else [Split.TRAIN, Split.VALIDATION]
        digits = Digits.join(source.load(split, seed) for split in splits)
        learned.append(digits)
        description.append(
            TrainingData(
                source=str(source),
                parts=[str(split) for split in splits],
                pictures=len(digits),
                sha256=digits.sha256(),
            )
        )
    validation = Digits.join(source.load(Split.VALIDATION) for source in validation_sources)
    return Sets(Digits.join(learned), validation, description)
