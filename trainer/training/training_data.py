"""What one run learns from and is judged by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trainer.data.samples import NOT_A_DIGIT, Samples, Split
from trainer.data.source import Source
from trainer.errors import TrainerError
from trainer.recognition.bundle import TrainingData


@dataclass(frozen=True, slots=True)
class Sets:
    """The samples of a run, and the card's description of those it learns from."""

    train: Samples
    validation: Samples
    description: list[TrainingData]


def load_sets(
    sources: Sequence[Source],
    validation_sources: Sequence[Source],
    seed: int,
    *,
    learn_validation: bool = True,
    digits_only: bool = False,
) -> Sets:
    """Load what to learn from and what to judge by.

    The validation part of a data set that does not judge is learned from as well, unless that is
    not wished: nothing is chosen by it. With `digits_only` all else is left out, for a model that
    has no class for it. Test parts are never touched here. Raises `TrainerError` where nothing is
    left of a source.
    """
    judges = {source.whole for source in validation_sources}
    learned, description = [], []
    for source in sources:
        both = learn_validation and source.whole not in judges
        splits = [Split.TRAIN, Split.VALIDATION] if both else [Split.TRAIN]
        samples = Samples.join(source.load(split, seed) for split in splits)
        samples = samples.where(samples.has_ink)
        if digits_only:
            samples = samples.where(samples.labels != NOT_A_DIGIT)
            if not len(samples):
                raise TrainerError(
                    f"{source} holds no digits, and this architecture has no class for what is "
                    "not a digit"
                )
        learned.append(samples)
        description.append(
            TrainingData(
                source=str(source),
                parts=[str(split) for split in splits],
                pictures=len(samples),
                sha256=samples.sha256(),
            )
        )
    return Sets(Samples.join(learned), load_validation(validation_sources), description)


def load_validation(sources: Sequence[Source]) -> Samples:
    """The digits by which epochs are chosen and probabilities calibrated.

    What is not a digit chooses nothing, so that the threshold for it is met by the unknown. Raises
    `TrainerError` where there are no digits.
    """
    samples = Samples.join(source.load(Split.VALIDATION) for source in sources)
    digits = samples.where(samples.has_ink & (samples.labels != NOT_A_DIGIT))
    if not len(digits):
        raise TrainerError("there are no digits to judge by; name a set of them with --validate")
    return digits
