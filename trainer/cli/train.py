"""Training a model, going on with one, and writing its bundle."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import click
import msgspec
from click.core import ParameterSource

from trainer.cli.main import (
    PATH,
    command_line,
    json_option,
    one_line,
    output_option,
    require_torch,
    stop_at_unreadable_pictures,
    strict_option,
)
from trainer.data.source import Source
from trainer.errors import TrainerError
from trainer.paths import home_folder
from trainer.recognition.bundle import PRETRAINED, read_bundle
from trainer.recognition.prediction import DIGITS
from trainer.training.recipes import OF_ARCHITECTURES, preset, presets, read_options

if TYPE_CHECKING:
    import torch

    from trainer.training.checkpoint import State
    from trainer.training.distributed import Peers
    from trainer.training.loop import BatchResult, EpochResult
    from trainer.training.progress import Progress
    from trainer.training.recipe import Recipe
    from trainer.training.run import Plan, Run
    from trainer.training.training_data import Sets

F = TypeVar("F", bound=Callable[..., Any])

_GOES_WITH_RESUME = {"resume", "epochs", "device", "output", "as_json", "every"}
_SETTLED_BY_START = ("architecture", *OF_ARCHITECTURES, "normalise")


def _take_from_file(context: click.Context, parameter: click.Parameter, given: Any) -> None:
    """Let TOML files give the defaults of the options; a key is an option's long name.

    Those of `--config` come before those of `--preset`, whichever is written first.
    """
    if given is None:
        return
    file: Path = preset(given) if parameter.name == "preset" else given
    values = read_options(file)
    known = {each.name for each in context.command.params} - {"config", "preset", "resume"}
    if unknown := sorted(values.keys() - known):
        raise TrainerError(f"{file}: there is no option {unknown[0]!r}")
    context.meta[parameter.name] = file  # so that --resume can refuse it
    other = dict(context.default_map or {})
    context.default_map = values | other if parameter.name == "preset" else other | values


def _from_file(name: str, kind: click.ParamType, text: str) -> Callable[[F], F]:
    return click.option(
        name, type=kind, is_eager=True, expose_value=False, callback=_take_from_file, help=text
    )


which_option = click.option(
    "--which",
    type=click.Choice(["best", "last"]),
    default="best",
    help="The epoch whose weights make the bundle.",
)
_fraction = click.FloatRange(min=0, max=1)
_positive = click.FloatRange(min=0, min_open=True)
_count = click.IntRange(min=1)


@click.command()
@_from_file(
    "--preset", click.STRING, "Take the options of a recipe by name: " + ", ".join(presets()) + "."
)
@_from_file(
    "--config",
    PATH,
    "TOML file with any of the options below; those on the command line come first.",
)
@click.option("--resume", type=PATH, metavar="RUN", help="Go on with a run that was stopped.")
@click.option(
    "--start-from",
    type=PATH,
    metavar="BUNDLE",
    help="Begin with the weights of a bundle, and with its architecture: its folder, or the name "
    "of one that comes with Inkling.",
)
@click.option(
    "--remember",
    type=click.FloatRange(min=0),
    default=0.0,
    help="With --start-from: how much that bundle's own right answers count beside the labels.",
)
@click.option("--architecture", default="inkling", help="Name of the architecture.")
@click.option("--cell", type=click.Choice(["rnn", "lstm", "gru"]), help="Of a recurrent net.")
@click.option("--hidden", type=_count, help="Units of a hidden layer or state.")
@click.option("--layers", type=_count, help="Of a recurrent net.")
@click.option("--bidirectional/--one-way", default=None, help="Whether it reads upwards too.")
@click.option("--dropout", type=_fraction, help="Share of the units that a step leaves out.")
@click.option(
    "--data",
    "data",
    multiple=True,
    default=["mnist"],
    metavar="NAME[:SIZE]",
    help="Data set to learn from, and how many of its pictures; may be given several times.  "
    "folder:PATH is a folder of pictures of your own.",
)
@click.option(
    "--validate",
    "validate",
    multiple=True,
    metavar="NAME",
    help="Data set whose validation part chooses the best epoch and calibrates.  "
    "[default: each of --data]",
)
@click.option(
    "--learn-validation/--training-parts-only",
    default=True,
    help="Learn from the validation parts of those that do not judge too.",
)
@click.option(
    "--test",
    "test",
    multiple=True,
    metavar="NAME",
    help="Data set whose test part is measured besides those of --data and --validate.",
)
@strict_option
@click.option("--epochs", type=_count, default=20)
@click.option("--batch-size", type=click.IntRange(min=2), default=256)
@click.option(
    "--loss",
    type=click.Choice(["ce", "nll", "mse"]),
    default="ce",
    help="Cross-entropy, the same in two steps, or mean squared error.",
)
@click.option("--label-smoothing", type=_fraction, default=0.05)
@click.option("--optimizer", type=click.Choice(["sgd", "adam", "adamw"]), default="adamw")
@click.option("--learning-rate", type=_positive, default=3e-3)
@click.option("--momentum", type=_fraction, default=0.0, help="Of sgd.")
@click.option("--weight-decay", type=click.FloatRange(min=0), default=0.02)
@click.option(
    "--schedule", type=click.Choice(["constant", "cosine", "one-cycle"]), default="one-cycle"
)
@click.option(
    "--average-decay",
    type=click.FloatRange(min=0, max=1, max_open=True),
    default=0.999,
    help="Of the moving average of the weights that is judged and kept; 0 for none.",
)
@click.option(
    "--normalise/--no-normalise", default=False, help="Bring pixels to MNIST's mean and deviation."
)
@click.option("--augment/--no-augment", default=True, help="Change each picture a little.")
@click.option(
    "--settling",
    type=_fraction,
    default=0.2,
    help="Share of the epochs, at the end, that change pictures less.",
)
@click.option(
    "--patience",
    type=click.IntRange(min=0),
    default=0,
    help="Stop after so many epochs without a better one; 0 for never.",
)
@click.option(
    "--precision",
    type=click.Choice(["float32", "bfloat16", "quickest"]),
    default="float32",
    help="Of the forward pass; bfloat16 is twice as fast where the processor knows it, and then "
    "the quickest.",
)
@click.option(
    "--half/--no-half", default=False, help="Ship the weights in half precision, at half the size."
)
@click.option("--seed", type=click.IntRange(min=0), default=0)
@click.option("--device", help="cuda, mps or cpu.  [default: the best there is]")
@click.option(
    "--folder",
    type=PATH,
    help="Folder for checkpoints and metrics.  [default: a new one in $INKLING_HOME/runs]",
)
@which_option
@output_option
@json_option
@click.option(
    "--every",
    type=_positive,
    metavar="SECONDS",
    help="With --json, also print so often how far the epoch has come.",
)
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
    which: Literal["best", "last"],
    output: Path | None,
    as_json: bool,
    every: float | None,
    **decisive: Any,
) -> None:
    """Train a model and write its bundle.

    In several processes: torchrun --nproc-per-node=2 -m trainer train …
    """
    require_torch()
    if strict:
        stop_at_unreadable_pictures()
    from trainer.training.device import choose_device, quickest_precision
    from trainer.training.distributed import joined
    from trainer.training.initial_weights import start_of
    from trainer.training.progress import Progress
    from trainer.training.recipe import Recipe, build
    from trainer.training.run import Run

    where = choose_device(device)
    if decisive["precision"] == "quickest":
        decisive["precision"] = quickest_precision(where)
    with joined() as peers:
        if resume:
            _only_with_resume(context)
            longer = decisive["epochs"] if _was_given(context, "epochs") else None
            run = Run(resume)
            plan, sets = peers.from_leader(lambda: _resumed(run, longer))
        else:
            recipe = Recipe.from_options(decisive)
            weights = None
            if start_from:
                _settled_by_start(context)
                bundle = read_bundle(_bundle_folder(start_from))
                recipe, weights = start_of(bundle, recipe)
            elif recipe.remember:
                raise TrainerError("--remember needs a bundle to remember: --start-from")
            build(recipe)  # an unknown name or option is told before any data is read
            run = Run(folder or _new_folder(recipe.architecture))
            plan, sets = peers.from_leader(
                lambda: _started(
                    run, recipe, weights, data, validate, test, learn_validation, which
                )
            )
        _fit(run, plan, sets, where, peers, Progress(plan, len(sets.train), as_json, every))
        if peers.leads:
            _export(run, output, plan.which, as_json)


@click.command()
@click.argument("run", type=PATH)
@which_option
@output_option
@json_option
def export(run: Path, which: str, output: Path | None, as_json: bool) -> None:
    """Write the bundle of a RUN's best or last epoch."""
    require_torch()
    from trainer.training.run import Run

    _export(Run(run), output, which, as_json)


def _was_given(context: click.Context, name: str) -> bool:
    return context.get_parameter_source(name) is ParameterSource.COMMANDLINE


def _only_with_resume(context: click.Context) -> None:
    """Refuse what a run that goes on has settled already."""
    files = {"config", "preset"} & context.meta.keys()
    given = {name for name in context.params if _was_given(context, name)} | files
    if extra := sorted(given - _GOES_WITH_RESUME):
        option = "--" + extra[0].replace("_", "-")
        raise TrainerError(
            f"{option} is settled by the run; with --resume only --epochs may change"
        )


def _settled_by_start(context: click.Context) -> None:
    """Refuse what the bundle has settled already."""
    for name in _SETTLED_BY_START:
        if _was_given(context, name):
            raise TrainerError(f"--{name} is settled by --start-from")


def _bundle_folder(named: Path) -> Path:
    comes_with = PRETRAINED / named
    return comes_with if named.name == str(named) and not named.exists() else named


def _new_folder(architecture: str) -> Path:
    return home_folder() / "runs" / f"{datetime.now():%Y%m%d-%H%M%S}-{architecture}"


def _started(
    run: Run,
    recipe: Recipe,
    weights: bytes | None,
    data: tuple[str, ...],
    validate: tuple[str, ...],
    test: tuple[str, ...],
    learn_validation: bool,
    which: Literal["best", "last"],
) -> tuple[Plan, Sets]:
    """A new run's plan, written down, and its sets."""
    from trainer.training.recipe import classes_of
    from trainer.training.run import Plan
    from trainer.training.training_data import load_sets

    run.must_be_new()
    sources = [Source.parse(text) for text in data]
    validation_sources = [Source.parse(text) for text in validate]
    if any(source.size for source in validation_sources):
        raise TrainerError("--validate takes no size: the whole validation part judges")
    tested = [Source.parse(text).whole for text in test]
    validation_sources = validation_sources or sources
    sets = load_sets(
        sources,
        validation_sources,
        recipe.seed,
        learn_validation=learn_validation,
        digits_only=classes_of(recipe) == DIGITS,
    )
    plan = Plan(
        command=command_line(),
        recipe=recipe,
        data=sets.description,
        validation=[str(source.whole) for source in validation_sources],
        test=[str(source) for source in tested],
        learn_validation=learn_validation,
        which=which,
    )
    run.start(plan, weights)
    return plan, sets


def _resumed(run: Run, epochs: int | None) -> tuple[Plan, Sets]:
    """The plan and the sets of a run that goes on, perhaps to another number of epochs.

    Raises `TrainerError` where the data are no longer what they were.
    """
    from trainer.training.recipe import classes_of
    from trainer.training.training_data import load_sets

    plan = run.plan()
    if epochs and epochs != plan.recipe.epochs:
        if plan.recipe.schedule != "constant":
            raise TrainerError(
                f"the schedule was laid out for {plan.recipe.epochs} epochs; it cannot change"
            )
        plan = run.lengthen(epochs)
    sources = [Source.parse(part.source) for part in plan.data]
    judges = [Source.parse(name) for name in plan.validation]
    sets = load_sets(
        sources,
        judges,
        plan.recipe.seed,
        learn_validation=plan.learn_validation,
        digits_only=classes_of(plan.recipe) == DIGITS,
    )
    for then, now in zip(plan.data, sets.description, strict=True):
        if then.sha256 != now.sha256:
            raise TrainerError(f"{then.source} is no longer what this run began with")
    if run.checkpoint is None:
        click.echo("no epoch was whole yet; beginning again", err=True)
    return plan, sets


def _fit(
    run: Run, plan: Plan, sets: Sets, where: torch.device, peers: Peers, progress: Progress
) -> None:
    """Train until the last epoch, or until the user stops it, which keeps what is whole."""
    from trainer.training.loop import EpochResult, fit
    from trainer.training.tensorboard import Board

    board = None
    if peers.leads:
        done = run.metrics() if run.checkpoint else []
        board = Board(run.folder / "tensorboard", len(done))
        processes = f", {peers.count} processes" if peers.count > 1 else ""
        pictures = f"{len(sets.train):,} pictures"
        click.echo(f"{pictures}, device {where}{processes}, run {run.folder}", err=True)

    def report(result: BatchResult | EpochResult, state: State) -> None:
        if board is None:
            return
        progress(result)
        if isinstance(result, EpochResult):
            run.keep(result, state)
            board(result)

    try:
        fit(
            sets.train,
            sets.validation,
            plan.recipe,
            where,
            report,
            checkpoint=run.checkpoint,
            start=run.started_from(),
            peers=peers,
        )
    except KeyboardInterrupt:
        progress.close()
        if peers.leads:
            advice = f"python -m trainer train --resume {run.folder}"
            kept = f"the last checkpoint is kept in {run.folder} ({advice})"
            click.echo(f"\nstopped; {kept if run.checkpoint else 'no epoch was whole'}", err=True)
        sys.exit(130)


def _export(run: Run, output: Path | None, which: str, as_json: bool) -> None:
    from trainer.export import export as export_run
    from trainer.report.report import write_report

    folder = output or run.folder / "bundle"
    click.echo("converting, checking and measuring the model …", err=True)
    bundle = export_run(run, folder, which)
    if as_json:
        click.echo(json.dumps({"bundle": str(folder), "card": msgspec.to_builtins(bundle.card)}))
    else:
        for evaluation in bundle.card.evaluations:
            click.echo(one_line(evaluation))
        for rejection in bundle.card.rejections:
            click.echo(one_line(rejection))
        click.echo(f"bundle: {folder} (version {bundle.card.version})")
    click.echo(f"report: {write_report(run, bundle)}", err=True)
