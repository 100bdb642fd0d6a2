"""The command `evaluate`: measure a bundle on one data set."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from trainer.cli.main import (
    DEFAULT_BUNDLE,
    PATH,
    SPLIT,
    json_option,
    one_line,
    stop_at_unreadable_pictures,
    strict_option,
)
from trainer.data.samples import Split
from trainer.data.source import Source
from trainer.recognition.bundle import Evaluation, Rejection, read_bundle
from trainer.recognition.labels import DIGITS
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
