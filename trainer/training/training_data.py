"""Loads the training and validation samples of a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trainer.data.samples import Samples, Split
from trainer.data.source import Source
from trainer.errors import TrainerError
from trainer.recognition.bundle import TrainingData
from trainer.recognition.labels import NOT_A_DIGIT


@dataclass(frozen=True, slots=True)
class DataSplits:
    """The samples of a run, and the card's description of those it trains on."""

    train: Samples
    validation: Samples
    description: list[TrainingData]


def load_splits(
    sources: Sequence[Source],
    validation_sources: Sequence[Source],
    seed: int,
    *,
    learn_validation: bool = True,
    digits_only: bool = False,
) -> DataSplits:
    """Load the samples to train on and those to validate with.

    With `learn_validation`, validation splits that are not used for validation are trained on as
    well. `digits_only` leaves out non-digits, for architectures without a class for them. Test
    splits are never loaded. Raises `TrainerError` if nothing of a source is left.
    """
    validating = {source.whole for source in validation_sources}
    train, description = [], []
    for source in sources:
        both = learn_validation and source.whole not in validating
        splits = [Split.TRAIN, Split.VALIDATION] if both else [Split.TRAIN]
        samples = Samples.join(source.load(split, seed) for split in splits)
        if not samples.has_ink.all():
            samples = samples.where(samples.has_ink)
        if digits_only:
            samples = samples.where(samples.labels != NOT_A_DIGIT)
            if not len(samples):
                raise TrainerError(
                    f"{source} holds no digits, and this architecture has no class for what is "
                    "not a digit"
                )
        train.append(samples)
        description.append(
            TrainingData(
                source=str(source),
                parts=[str(split) for split in splits],
                pictures=len(samples),
                sha256=samples.sha256(),
            )
        )
    return DataSplits(Samples.join(train), load_validation(validation_sources), description)


def load_validation(sources: Sequence[Source]) -> Samples:
    """The digits of the validation splits, to select the epoch and to calibrate probabilities.

    Non-digits are left out, so that the rejection threshold is chosen without having seen any.
    Raises `TrainerError` if there are no digits.
    """
    return Samples.join(load_validation_parts(sources).values())


def load_validation_parts(sources: Sequence[Source]) -> dict[str, Samples]:
    """The same by data set, in their order, without those that have no digits."""
    parts = {str(source): source.load(Split.VALIDATION) for source in sources}
    digits = {
        name: part.where(part.has_ink & (part.labels != NOT_A_DIGIT))
        for name, part in parts.items()
    }
    digits = {name: part for name, part in digits.items() if len(part)}
    if not digits:
        raise TrainerError("there are no digits to validate with; name a data set with --validate")
    return digits
