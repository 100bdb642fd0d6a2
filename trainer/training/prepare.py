"""Prepares the plan and the data of a training run, new or resumed."""

from __future__ import annotations

from collections.abc import Sequence

from trainer.data.source import Source
from trainer.errors import TrainerError
from trainer.recognition.bundle import NumberCalibration
from trainer.recognition.labels import DIGITS
from trainer.training.model import class_count
from trainer.training.recipe import Recipe
from trainer.training.run import TrainingPlan, TrainingRun, WhichEpoch
from trainer.training.training_data import DataSplits, load_splits


def start_run(
    run: TrainingRun,
    recipe: Recipe,
    weights: bytes | None,
    *,
    command: str,
    data: Sequence[str],
    validate: Sequence[str],
    test: Sequence[str],
    learn_validation: bool,
    which: WhichEpoch,
    numbers: NumberCalibration | None = None,
    tests: bool = True,
    processes: int = 1,
) -> tuple[TrainingPlan, DataSplits]:
    """Load the data of a new run and write its plan.

    `weights` are the initial weights in safetensors format, None for random ones, and
    `numbers` the calibration of the bundle that they are from. Data sets are named as on the
    command line; `validate` defaults to those in `data`. `processes` is how many train together.
    Raises `TrainerError` if the folder contains a run, or data is missing or unsuitable.
    """
    run.must_be_new()
    sources = [Source.parse(text) for text in data]
    validation_sources = [Source.parse(text) for text in validate]
    if any(source.size for source in validation_sources):
        raise TrainerError("--validate takes no size: the whole validation split is used")
    test_sources = [Source.parse(text).whole for text in test]
    validation_sources = validation_sources or sources
    splits = load_splits(
        sources,
        validation_sources,
        recipe.seed,
        learn_validation=learn_validation,
        digits_only=class_count(recipe) == DIGITS,
        validate_on=recipe.validate_on,
    )
    plan = TrainingPlan(
        command=command,
        recipe=recipe,
        data=splits.description,
        validation=[str(source.whole) for source in validation_sources],
        test=[str(source) for source in test_sources],
        learn_validation=learn_validation,
        which=which,
        numbers=numbers,
        tests=tests,
        processes=processes,
    )
    run.start(plan, weights)
    return plan, splits


def resume_run(
    run: TrainingRun, epochs: int | None = None, *, processes: int = 1
) -> tuple[TrainingPlan, DataSplits]:
    """Load the plan and the data of a run, optionally with a new number of epochs.

    Raises `TrainerError` if the schedule does not allow that, if the data has changed, or if the
    run was started in another number of processes.
    """
    plan = run.plan()
    if plan.processes not in {None, processes}:
        raise TrainerError(
            f"the number of processes was {plan.processes} and is now {processes}, which would "
            f"give other weights: {run.how_to_resume(plan.processes)}"
        )
    if epochs and epochs != plan.recipe.epochs:
        if plan.recipe.schedule != "constant":
            raise TrainerError(
                f"the schedule was laid out for {plan.recipe.epochs} epochs; it cannot change"
            )
        plan = run.change_epochs(epochs)
    splits = load_splits(
        [Source.parse(part.source) for part in plan.data],
        [Source.parse(name) for name in plan.validation],
        plan.recipe.seed,
        learn_validation=plan.learn_validation,
        digits_only=class_count(plan.recipe) == DIGITS,
        validate_on=plan.recipe.validate_on,
    )
    for then, now in zip(plan.data, splits.description, strict=True):
        if then.sha256 != now.sha256:
            raise TrainerError(f"{then.source} has changed since this run was started")
    return plan, splits
