"""Commands that evaluate bundles, compare them, and predict."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click
import msgspec

from trainer.cli.main import (
    DEFAULT_BUNDLE,
    PATH,
    SPLIT,
    command_line,
    json_option,
    one_line,
    require_torch,
    stop_at_unreadable_pictures,
    strict_option,
)
from trainer.data.datasets import FROZEN
from trainer.data.samples import Split
from trainer.data.source import Source
from trainer.paths import data_folder, home_folder
from trainer.recognition.bundle import Evaluation, Rejection, read_bundle
from trainer.recognition.image import PictureError, decode
from trainer.recognition.labels import DIGITS
from trainer.recognition.preprocess import EmptyDrawing
from trainer.recognition.recognizer import Recognizer


@click.command()
@click.argument("bundle", type=PATH, default=DEFAULT_BUNDLE, required=False)
@click.option("--data", default="mnist", help="Data set to evaluate on.")
@click.option("--split", type=SPLIT, default=Split.TEST.value, help="Split to evaluate on.")
@strict_option
@json_option
def evaluate(bundle: Path, data: str, split: str, strict: bool, as_json: bool) -> None:
    """Evaluate a BUNDLE on one data set.

    Prints accuracy, per-digit recall and the confusion matrix; or, for a data set without digits,
    the share of samples that is rejected.
    """
    if strict:
        stop_at_unreadable_pictures()
    from trainer.evaluation.metrics import evaluate as evaluate_bundle

    recognizer = Recognizer(read_bundle(bundle))
    _show(evaluate_bundle(recognizer, Source.parse(data), Split(split)), as_json)


@click.command()
@click.argument("bundle", type=PATH, default=DEFAULT_BUNDLE, required=False)
@click.option("--seed", type=click.IntRange(min=0), default=0, help="Seed of the drawings.")
@click.option("--size", type=click.IntRange(min=1), help="Drawings per row.  [default: all]")
@click.option(
    "--tutorials/--no-tutorials", default=True, help="Also train and measure a tutorial LeNet-5."
)
@click.option("--output", type=PATH, help="Folder for page and JSON.  [default: in $INKLING_HOME]")
@json_option
def benchmark(
    bundle: Path, seed: int, size: int | None, tutorials: bool, output: Path | None, as_json: bool
) -> None:
    """Measure the robustness of a BUNDLE.

    Covers drawings of any size, position, pen and color, photos, numbers and non-digits. Prints a
    table, and writes an HTML page with figures.
    """
    if tutorials:
        require_torch()
    from trainer.evaluation.benchmark import as_text
    from trainer.evaluation.benchmark import benchmark as run_benchmark
    from trainer.report.benchmark import write_page

    found = run_benchmark(
        bundle,
        data_folder(),
        command=command_line(),
        seed=seed,
        size=size,
        tutorials=tutorials,
        report=lambda line: click.echo(line, err=True),
    )
    page = write_page(output or home_folder() / "benchmark", found)
    click.echo(msgspec.json.encode(found) if as_json else as_text(found))
    click.echo(f"page: {page}", err=True)


@click.command()
@click.argument("bundles", nargs=-1, required=True, type=PATH, metavar="BUNDLE...")
@click.option(
    "--data",
    multiple=True,
    metavar="NAME",
    help="Data set whose test split to compare on; may be repeated.  "
    "[default: all with a frozen test split]",
)
@click.option(
    "--corrections",
    type=PATH,
    metavar="FOLDER",
    help="Also compare on the held-out corrections in this folder.",
)
@json_option
def compare(
    bundles: tuple[Path, ...], data: tuple[str, ...], corrections: Path | None, as_json: bool
) -> None:
    """Compare BUNDLEs on the same samples."""
    from trainer.evaluation.compare import compare as compare_bundles

    sources = [Source.parse(name).whole for name in data or FROZEN]
    if corrections:
        sources.append(Source("corrections", path=corrections))
    found = compare_bundles([read_bundle(bundle) for bundle in bundles], sources)
    if as_json:
        click.echo(msgspec.json.encode(found))
        return
    for each in found.sets:
        for version, measured in zip(found.versions, each.measured, strict=True):
            click.echo(f"{version}  {one_line(measured)}")
    for name in found.missing:
        click.echo(f"{name}: not available")


@click.command()
@click.argument("files", nargs=-1, required=True, type=PATH, metavar="FILE...")
@click.option(
    "--bundle",
    type=PATH,
    default=DEFAULT_BUNDLE,
    show_default="the one shipped with Inkling",
    help="Folder of the bundle.",
)
@json_option
def predict(files: tuple[Path, ...], bundle: Path, as_json: bool) -> None:
    """Predict the digit in each image FILE.

    Exits with status 1 if any image could not be read.
    """
    recognizer = Recognizer(read_bundle(bundle))
    failed = False
    for file in files:
        try:
            picture = decode(file.read_bytes())
            prediction = recognizer.read(picture.image, picture.scale)
        except (OSError, PictureError, EmptyDrawing) as error:
            failed = True
            reason = (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
            if as_json:
                click.echo(json.dumps({"file": str(file), "error": reason}))
            else:
                click.echo(f"{file}: {reason}", err=True)
            continue
        probabilities = [round(float(p), 6) for p in prediction.probabilities]
        if as_json:
            result = {
                "file": str(file),
                "digit": prediction.digit,
                "confidence": prediction.confidence,
            }
            result |= {"is_digit": prediction.is_digit, "probabilities": probabilities}
            click.echo(json.dumps(result))
        else:
            listed = "  ".join(f"{digit}:{p:.1%}" for digit, p in enumerate(probabilities))
            doubt = "" if prediction.is_digit else "  (perhaps not a digit)"
            click.echo(f"{file}: {prediction.digit}{doubt}  {listed}")
    sys.exit(1 if failed else 0)


def _show(evaluation: Evaluation | Rejection, as_json: bool) -> None:
    if as_json:
        click.echo(msgspec.json.encode(evaluation))
        return
    click.echo(one_line(evaluation))
    if isinstance(evaluation, Rejection):
        return
    click.echo("\ndigit  right    pictures")
    for digit, (row, recall) in enumerate(
        zip(evaluation.confusion, evaluation.per_class, strict=True)
    ):
        click.echo(f"{digit:5}  {recall:7.2%}  {sum(row):8,}")
    click.echo("\ntruth ↓ prediction →")
    click.echo("     " + "".join(f"{digit:6}" for digit in range(DIGITS)))
    for digit, row in enumerate(evaluation.confusion):
        click.echo(f"{digit:5}" + "".join(f"{count or '·':>6}" for count in row))
