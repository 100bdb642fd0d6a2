"""`python -m trainer`: train, export, evaluate, predict.

Torch is imported by the commands that need it: evaluating and predicting work on the slim install.
"""

from __future__ import annotations

import json
import shlex
import sys
import tomllib
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from trainer.bundle import PRETRAINED, BundleError, Evaluation, Recogniser, Rejection, read_bundle
from trainer.data import Source, Split, data_folder, home_folder
from trainer.errors import TrainerError
from trainer.fetch import DATA
from trainer.pictures import PictureError, decode
from trainer.preprocess import EmptyDrawing
from trainer.records import record_writers

if TYPE_CHECKING:
    from torch import nn

    from trainer.runs import Run
    from trainer.training import BatchResult, Precision

_PATH = click.Path(path_type=Path)
_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
_bundle = click.option(
    "--bundle",
    type=_PATH,
    default=PRETRAINED / "inkling",
    help="Folder of the bundle.  [default: the one that comes with Inkling]",
)


class _Commands(click.Group):
    """Prints the errors that are meant for the user as one line."""

    def invoke(self, context: click.Context) -> object:
        try:
            return super().invoke(context)
        except (TrainerError, BundleError) as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=_Commands, context_settings={"show_default": True})
def main() -> None:
    """Make, measure and ask models that read handwritten digits."""


def _take_from_file(context: click.Context, _: click.Parameter, file: Path | None) -> Path | None:
    """Let a TOML file give the defaults of the options; a key is an option's long name."""
    if file is None:
        return None
    try:
        given = {
            key.replace("-", "_"): value for key, value in tomllib.loads(file.read_text()).items()
        }
    except (OSError, ValueError) as error:
        raise TrainerError(f"{file}: {error}") from error
    known = {parameter.name for parameter in context.command.params} - {"config"}
    if unknown := sorted(given.keys() - known):
        raise TrainerError(f"{file}: there is no option {unknown[0]!r}")
    context.default_map = given
    return file


@main.command()
@click.option(
    "--config",
    type=_PATH,
    is_eager=True,
    expose_value=False,
    callback=_take_from_file,
    help="TOML file with any of the options below; those on the command line come first.",
)
@click.option("--architecture", default="inkling", help="Name of the architecture.")
@click.option(
    "--data",
    "data",
    multiple=True,
    default=["mnist"],
    metavar="NAME[:SIZE]",
    help="Data set to learn from, and how many of its pictures; may be given several times.",
)
@click.option(
    "--validate",
    "validate",
    multiple=True,
    metavar="NAME",
    help="Data set whose validation part chooses the best epoch and calibrates.  "
    "[default: each of --data]  The validation parts of the others are learned from too.",
)
@click.option("--epochs", type=click.IntRange(min=1), default=20)
@click.option("--batch-size", type=click.IntRange(min=2), default=256)
@click.option("--learning-rate", type=click.FloatRange(min=0, min_open=True), default=3e-3)
@click.option("--augment/--no-augment", default=True, help="Change each picture a little.")
@click.option(
    "--precision",
    type=click.Choice(["float32", "bfloat16"]),
    default="float32",
    help="Of the forward pass; bfloat16 is twice as fast where the processor knows it.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0)
@click.option("--device", help="cuda, mps or cpu.  [default: the best there is]")
@click.option(
    "--run",
    "run_folder",
    type=_PATH,
    help="Folder for checkpoints and metrics.  [default: a new one in $INKLING_HOME/runs]",
)
@click.option(
    "--output", type=_PATH, help="Folder for the bundle.  [default: `bundle` in the run's folder]"
)
@_as_json
def train(
    architecture: str,
    data: tuple[str, ...],
    validate: tuple[str, ...],
    epochs: int,
    batch_size: int,
    learning_rate: float,
    augment: bool,
    precision: Precision,
    seed: int,
    device: str | None,
    run_folder: Path | None,
    output: Path | None,
    as_json: bool,
) -> None:
    """Train a model and write its bundle."""
    _require_torch()
    from trainer.augment import Augmentation
    from trainer.device import choose_device
    from trainer.progress import Progress
    from trainer.runs import Plan, Run
    from trainer.sets import load_sets
    from trainer.training import EpochResult, Recipe, build, fit

    recipe = Recipe(
        architecture=architecture,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        augmentation=Augmentation() if augment else None,
        precision=precision,
        seed=seed,
    )
    build(architecture)  # an unknown name is told before any data is read
    where = choose_device(device)
    sources = [Source.parse(text) for text in data]
    validation_sources = [Source.parse(text) for text in validate]
    if any(source.size for source in validation_sources):
        raise TrainerError("--validate takes no size: the whole validation part judges")
    validation_sources = validation_sources or sources
    sets = load_sets(sources, validation_sources, seed)
    folder = run_folder or home_folder() / "runs" / f"{datetime.now():%Y%m%d-%H%M%S}-{architecture}"
    run = Run.start(
        folder,
        Plan(
            command=_command_line(),
            recipe=recipe,
            data=sets.description,
            validation=[source.name for source in validation_sources],
        ),
    )
    click.echo(f"{len(sets.train):,} pictures, device {where}, run {folder}", err=True)
    progress = Progress(len(sets.train), epochs, as_json)

    def report(result: BatchResult | EpochResult, model: nn.Module) -> None:
        progress(result)
        if isinstance(result, EpochResult):
            run.keep(result, model)

    try:
        fit(sets.train, sets.validation, recipe, where, report)
    except KeyboardInterrupt:
        progress.close()
        kept = (folder / "last.safetensors").exists()
        advice = f"python -m trainer export {folder}" if kept else "no epoch was whole yet"
        click.echo(f"\nstopped; the last checkpoint is kept in {folder} ({advice})", err=True)
        sys.exit(130)
    _export(run, output, "best", as_json)


@main.command()
@click.argument("run", type=_PATH)
@click.option("--which", type=click.Choice(["best", "last"]), default="best")
@click.option(
    "--output", type=_PATH, help="Folder for the bundle.  [default: `bundle` in the run's folder]"
)
@_as_json
def export(run: Path, which: str, output: Path | None, as_json: bool) -> None:
    """Write the bundle of a RUN's best or last epoch."""
    _require_torch()
    from trainer.runs import Run

    _export(Run(run), output, which, as_json)


@main.command()
@click.argument("bundle", type=_PATH, default=PRETRAINED / "inkling", required=False)
@click.option("--data", default="mnist", help="Data set to measure on.")
@click.option("--split", type=click.Choice(list(Split)), default=Split.TEST)
@_as_json
def evaluate(bundle: Path, data: str, split: str, as_json: bool) -> None:
    """Measure a BUNDLE: accuracy, a table of the digits, the confusion matrix."""
    from trainer.evaluation import evaluate as evaluate_bundle

    recogniser = Recogniser(read_bundle(bundle))
    _show(evaluate_bundle(recogniser, Source.parse(data), Split(split)), as_json)


@main.command()
@click.argument("bundle", type=_PATH, default=PRETRAINED / "inkling", required=False)
@click.option("--seed", type=click.IntRange(min=0), default=0)
@click.option(
    "--size", type=click.IntRange(min=1), help="Drawings of each row.  [default: all there are]"
)
@click.option(
    "--tutorials/--no-tutorials", default=True, help="Train the tutorials' LeNet-5 to compare with."
)
@click.option(
    "--output", type=_PATH, help="Folder for the page and the JSON.  [default: in $INKLING_HOME]"
)
@_as_json
def benchmark(
    bundle: Path, seed: int, size: int | None, tutorials: bool, output: Path | None, as_json: bool
) -> None:
    """Measure a BUNDLE on all that people do to a digit, in one table and one page."""
    if tutorials:
        _require_torch()
    from trainer.benchmark import as_text
    from trainer.benchmark import benchmark as run_benchmark
    from trainer.benchmark.page import write_page

    found = run_benchmark(
        bundle,
        data_folder(),
        command=_command_line(),
        seed=seed,
        size=size,
        tutorials=tutorials,
        report=lambda line: click.echo(line, err=True),
    )
    page = write_page(output or home_folder() / "benchmark", found)
    click.echo(msgspec.json.encode(found) if as_json else as_text(found))
    click.echo(f"page: {page}", err=True)


@main.group()
def data() -> None:
    """Get the data sets and look after them."""


@data.command()
@click.argument("name", type=click.Choice(list(DATA)))
@click.option(
    "--mirror", metavar="URL", help="Folder on a server that has the same files as the original's."
)
def fetch(name: str, mirror: str | None) -> None:
    """Fetch the public original of MNIST, UNIPEN or pendigits into the data folder."""

    def report(line: str) -> None:
        click.echo(line, err=True)

    if mirror:
        DATA[name](data_folder(), report, mirror.rstrip("/") + "/")
    else:
        DATA[name](data_folder(), report)


@data.command("record-writers")
def record_all_writers() -> None:
    """Write down to which part each writer of the data folder belongs, for ever."""
    click.echo(f"{record_writers(data_folder()):,} writers are recorded")


@main.command()
@click.argument("files", nargs=-1, required=True, type=_PATH, metavar="FILE...")
@_bundle
@_as_json
def predict(files: tuple[Path, ...], bundle: Path, as_json: bool) -> None:
    """Read the digit in each picture FILE.

    Ends with 1 when a picture could not be read; the others are read all the same.
    """
    recogniser = Recogniser(read_bundle(bundle))
    failed = False
    for file in files:
        try:
            picture = decode(file.read_bytes())
            reading = recogniser.read(picture.image, picture.scale)
        except (OSError, PictureError, EmptyDrawing) as error:
            failed = True
            reason = (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
            if as_json:
                click.echo(json.dumps({"file": str(file), "error": reason}))
            else:
                click.echo(f"{file}: {reason}", err=True)
            continue
        probabilities = [round(float(p), 6) for p in reading.probabilities]
        if as_json:
            answer = {"file": str(file), "digit": reading.digit, "confidence": reading.confidence}
            answer |= {"is_digit": reading.is_digit, "probabilities": probabilities}
            click.echo(json.dumps(answer))
        else:
            listed = "  ".join(f"{digit}:{p:.1%}" for digit, p in enumerate(probabilities))
            doubt = "" if reading.is_digit else "  (perhaps not a digit)"
            click.echo(f"{file}: {reading.digit}{doubt}  {listed}")
    sys.exit(1 if failed else 0)


def _export(run: Run, output: Path | None, which: str, as_json: bool) -> None:
    from trainer.export import export as export_run

    folder = output or run.folder / "bundle"
    click.echo("converting, checking and measuring the model …", err=True)
    bundle = export_run(run, folder, which)
    if as_json:
        click.echo(json.dumps({"bundle": str(folder), "card": msgspec.to_builtins(bundle.card)}))
        return
    for evaluation in bundle.card.evaluations:
        click.echo(_line(evaluation))
    for rejection in bundle.card.rejections:
        click.echo(_line(rejection))
    click.echo(f"bundle: {folder} (version {bundle.card.version})")


def _line(measured: Evaluation | Rejection) -> str:
    where = f"{measured.data} {measured.split}"
    if isinstance(measured, Rejection):
        return f"{where}: {measured.rejected:.2%} of {measured.pictures:,} told from digits"
    return (
        f"{where}: {measured.accuracy:.2%} of {measured.pictures:,} right,"
        f" calibration error {measured.calibration_error:.2%}, rejected {measured.rejected:.2%}"
    )


def _show(evaluation: Evaluation | Rejection, as_json: bool) -> None:
    if as_json:
        click.echo(msgspec.json.encode(evaluation))
        return
    click.echo(_line(evaluation))
    if isinstance(evaluation, Rejection):
        return
    click.echo("\ndigit  right    pictures")
    for digit, (row, recall) in enumerate(
        zip(evaluation.confusion, evaluation.per_class, strict=True)
    ):
        click.echo(f"{digit:5}  {recall:7.2%}  {sum(row):8,}")
    click.echo("\ntruth ↓ answer →")
    click.echo("     " + "".join(f"{digit:6}" for digit in range(10)))
    for digit, row in enumerate(evaluation.confusion):
        click.echo(f"{digit:5}" + "".join(f"{count or '·':>6}" for count in row))


def _command_line() -> str:
    return shlex.join(["python", "-m", "trainer", *sys.argv[1:]])


def _require_torch() -> None:
    if find_spec("torch") is None:
        raise TrainerError("training needs torch: pip install 'inkling[train]'")
