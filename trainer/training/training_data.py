"""Loads the training and validation samples of a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trainer.data.samples import Samples, Split
from trainer.data.source import Source
from trainer.errors import TrainerError
from trainer.recognition.bundle import TrainingData
from trainer.recognition.labels import NOT_A_DIGIT
from trainer.training.recipe import ValidateOn


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
    validate_on: ValidateOn = "validation",
) -> DataSplits:
    """Load the samples to train on and those to validate with.

    With `learn_validation`, validation splits that are not used for validation are trained on as
    well. `digits_only` leaves out non-digits, for architectures without a class for them. With
    `validate_on`, the digits to validate with are those to train on, or test splits, which are
    never loaded otherwise. Raises `TrainerError` if nothing of a source is left.
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
    learned = Samples.join(train)
    if validate_on == "train":
        return DataSplits(learned, _digits_of(learned), description)
    validation = Samples.join(load_digits(validation_sources, Split(validate_on)).values())
    return DataSplits(learned, validation, description)


def load_validation_parts(sources: Sequence[Source]) -> dict[str, Samples]:
    """The digits of the validation splits, to calibrate probabilities, by data set.

    Non-digits are left out, so that the rejection threshold is chosen without having seen any.
    Data sets without digits are, too. Raises `TrainerError` if there are no digits at all.
    """
    return load_digits(sources, Split.VALIDATION)


def load_digits(sources: Sequence[Source], split: Split) -> dict[str, Samples]:
    """The digits of one split, by data set; see `load_validation_parts`."""
    digits = {str(source): _digits_of(source.load(split)) for source in sources}
    digits = {name: part for name, part in digits.items() if len(part)}
    if not digits:
        raise TrainerError("there are no digits to validate with; name a data set with --validate")
    return digits


def _digits_of(samples: Samples) -> Samples:
    return samples.where(samples.has_ink & (samples.labels != NOT_A_DIGIT))
