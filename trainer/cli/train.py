"""The command `train`: train a model or resume a run, and export its bundle."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from trainer.cli.export import check_output, export_run, tests_option, which_option
from trainer.cli.main import (
    PATH,
    command_line,
    every_option,
    folder_option,
    json_option,
    output_option,
    require_torch,
    stop_at_unreadable_pictures,
    strict_option,
)
from trainer.cli.option_files import config_option, preset_option
from trainer.cli.recipe_options import options_of
from trainer.errors import TrainerError
from trainer.models.options import OPTION_NAMES, ArchitectureOptions
from trainer.paths import home_folder
from trainer.recognition.bundle import PRETRAINED, read_bundle
from trainer.training.recipe import Recipe
from trainer.training.renamed import current_option

if TYPE_CHECKING:
    import torch

    from trainer.training.distributed import Distributed
    from trainer.training.progress import Progress
    from trainer.training.run import TrainingPlan, TrainingRun, WhichEpoch
    from trainer.training.training_data import DataSplits

_ALLOWED_WITH_RESUME = {"resume", "epochs", "device", "tests", "output", "as_json", "every"}
_FIXED_BY_START = ("architecture", *OPTION_NAMES, "normalize")


@click.command(context_settings={"token_normalize_func": current_option})
@preset_option
@config_option
@click.option("--resume", type=PATH, metavar="RUN", help="Continue a run that was interrupted.")
@click.option(
    "--start-from",
    type=PATH,
    metavar="BUNDLE",
    help="Start from a bundle's architecture and weights: its folder, or the name of one shipped "
    "with Inkling.",
)
@click.option(
    "--data",
    "data",
    multiple=True,
    default=["mnist"],
    metavar="NAME[:SIZE]",
    help="Data set to train on, and the number of images to use; may be repeated.  "
    "folder:PATH is a folder of your own images.",
)
@click.option(
    "--validate",
    "validate",
    multiple=True,
    metavar="NAME",
    help="Data set whose validation split selects the best epoch and fits the calibration; may be "
    "repeated.  [default: each --data]",
)
@click.option(
    "--learn-validation/--training-parts-only",
    default=True,
    help="Also train on the validation splits that are not used for validation.",
)
@click.option(
    "--test",
    "test",
    multiple=True,
    metavar="NAME",
    help="Also evaluate on this data set's test split; may be repeated.",
)
@strict_option
@options_of(Recipe, {"precision": ["quickest"]})
@options_of(ArchitectureOptions)
@click.option(
    "--augment/--no-augment",
    default=Recipe().augmentation is not None,
    help="Augment the training images.",
)
@click.option("--device", help="cuda, mps or cpu.  [default: the best available]")
@folder_option
@which_option
@tests_option
@output_option
@json_option
@every_option
@click.pass_context
def train(
    context: click.Context,
    /,
    resume: Path | None,
    start_from: Path | None,
    data: tuple[str, ...],
    validate: tuple[str, ...],
    learn_validation: bool,
    test: tuple[str, ...],
    strict: bool,
    device: str | None,
    folder: Path | None,
    which: WhichEpoch,
    tests: bool,
    output: Path | None,
    as_json: bool,
    every: float | None,
    **hyperparameters: Any,
) -> None:
    """Train a model and write its bundle.

    To use several processes: torchrun --nproc-per-node=2 -m trainer train …
    """
    require_torch()
    if strict:
        stop_at_unreadable_pictures()
    from trainer.training.device import choose_device, quickest_precision
    from trainer.training.distributed import process_group
    from trainer.training.initial_weights import start_of
    from trainer.training.model import build_model
    from trainer.training.prepare import resume_run, start_run
    from trainer.training.progress import Progress
    from trainer.training.run import TrainingRun

    chosen = choose_device(device)
    if hyperparameters["precision"] == "quickest":
        hyperparameters["precision"] = quickest_precision(chosen)
    with process_group() as distributed:
        if resume:
            _check_options_with_resume(context)
            epochs = hyperparameters["epochs"] if _was_given(context, "epochs") else None
            check_output(output, resume)
            run = TrainingRun(resume)

            def prepare() -> tuple[TrainingRun, TrainingPlan, DataSplits]:
                return run, *resume_run(run, epochs, processes=distributed.world_size)

        else:
            recipe = Recipe.from_options(hyperparameters)
            weights = numbers = None
            if start_from:
                _check_options_with_start(context)
                bundle = read_bundle(_bundle_folder(start_from))
                recipe, weights = start_of(bundle, recipe)
                numbers = bundle.card.numbers
            elif recipe.distillation_weight:
                raise TrainerError("--distillation-weight needs a bundle: --start-from")
            build_model(recipe)  # reports an unknown name or option before any data is loaded
            run = TrainingRun(folder or _new_folder(recipe.architecture))
            check_output(output, run.folder)

            def prepare() -> tuple[TrainingRun, TrainingPlan, DataSplits]:
                return run, *start_run(
                    run,
                    recipe,
                    weights,
                    command=command_line(),
                    data=data,
                    validate=validate,
                    test=test,
                    learn_validation=learn_validation,
                    which=which,
                    numbers=numbers,
                    tests=tests,
                    processes=distributed.world_size,
                )

        with _advice_after_ctrl_c(run, distributed):
            # The main process names the folder: the clocks of others may differ.
            run, plan, splits = distributed.broadcast_from_main(prepare)
            if resume and distributed.is_main and run.checkpoint is None:
                click.echo("no epoch was completed; starting over", err=True)
            progress = Progress(plan.recipe.epochs, len(splits.train), as_json, every)
            _train(run, plan, splits, chosen, distributed, progress)
            if distributed.is_main:
                measure = tests if _was_given(context, "tests") else plan.tests
                export_run(run, output, plan.which, as_json, tests=measure)


@contextmanager
def _advice_after_ctrl_c(run: TrainingRun, distributed: Distributed) -> Iterator[None]:
    """Where a run exists, exit with status 130 after Ctrl-C, and say how it can be resumed."""
    try:
        yield
    except KeyboardInterrupt:
        if not run.exists:
            raise
        if distributed.is_main:
            advice = run.how_to_resume(distributed.world_size)
            saved = f"the last checkpoint is in {run.folder} ({advice})"
            outcome = saved if run.checkpoint else f"no epoch was completed ({advice})"
            click.echo(f"\nstopped; {outcome}", err=True)
        sys.exit(130)


def _train(
    run: TrainingRun,
    plan: TrainingPlan,
    splits: DataSplits,
    device: torch.device,
    distributed: Distributed,
    progress: Progress,
) -> None:
    """Train to the last epoch. Whatever ends it, no bar or thread is left."""
    from trainer.training.callbacks import Callback
    from trainer.training.run import SaveEpochs
    from trainer.training.tensorboard import TensorBoard
    from trainer.training.train import train_model

    callbacks: list[Callback] = []
    closing: list[Progress | TensorBoard] = [progress]
    if distributed.is_main:
        completed = len(run.metrics()) if run.checkpoint else 0
        tensorboard = TensorBoard(run.folder / "tensorboard", completed)
        callbacks = [progress, SaveEpochs(run), tensorboard]
        closing.append(tensorboard)
        count = distributed.world_size
        processes = f", {count} processes" if count > 1 else ""
        pictures = f"{len(splits.train):,} pictures"
        click.echo(f"{pictures}, device {device}{processes}, run {run.folder}", err=True)
    try:
        train_model(
            plan.recipe,
            splits.train,
            splits.validation,
            device,
            callbacks,
            start=run.initial_weights(),
            checkpoint=run.checkpoint,
            distributed=distributed,
        )
    finally:
        for each in closing:
            each.close()


def _was_given(context: click.Context, name: str) -> bool:
    return context.get_parameter_source(name) is ParameterSource.COMMANDLINE


def _check_options_with_resume(context: click.Context) -> None:
    """Raise `TrainerError` for options that the run has already fixed."""
    files = {"config", "preset"} & context.meta.keys()
    given = {name for name in context.params if _was_given(context, name)} | files
    if extra := sorted(given - _ALLOWED_WITH_RESUME):
        option = "--" + extra[0].replace("_", "-")
        raise TrainerError(f"{option} is fixed by the run; with --resume only --epochs may change")


def _check_options_with_start(context: click.Context) -> None:
    """Raise `TrainerError` for options that the bundle has already fixed."""
    for name in _FIXED_BY_START:
        if _was_given(context, name):
            raise TrainerError(f"--{name} is fixed by --start-from")


def _bundle_folder(name: Path) -> Path:
    """A bundle's folder; a bare name that is no folder here is a bundle shipped with Inkling."""
    pretrained = PRETRAINED / name
    return pretrained if name.name == str(name) and not name.exists() else name


def _new_folder(architecture: str) -> Path:
    return home_folder() / "runs" / f"{datetime.now():%Y%m%d-%H%M%S}-{architecture}"
