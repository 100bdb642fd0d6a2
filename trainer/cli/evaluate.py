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
from trainer.recognition.bundle import (
    Card,
    Evaluation,
    Rejection,
    must_be_free,
    read_bundle,
    read_weights,
    write_bundle,
)
from trainer.recognition.labels import DIGITS
from trainer.recognition.recognizer import Recognizer


@click.command()
@click.argument("bundle", type=PATH, default=DEFAULT_BUNDLE, required=False)
@click.option("--data", default="mnist", help="Data set to evaluate on.")
@click.option("--split", type=SPLIT, default=Split.TEST.value, help="Split to evaluate on.")
@strict_option
@click.option(
    "--store",
    is_flag=True,
    help="Put the result into the BUNDLE's card, in place of one on this data set and split.",
)
@json_option
def evaluate(bundle: Path, data: str, split: str, strict: bool, store: bool, as_json: bool) -> None:
    """Evaluate a BUNDLE on one data set.

    Prints accuracy, per-digit recall and the confusion matrix; or, for a data set without digits,
    the share of samples that is rejected.
    """
    if store:
        must_be_free(bundle)
    if strict:
        stop_at_unreadable_pictures()
    from trainer.evaluation.metrics import evaluate as evaluate_bundle

    old = read_bundle(bundle)
    found = evaluate_bundle(Recognizer(old), Source.parse(data), Split(split))
    if store:
        write_bundle(bundle, _with(old.card, found), old.model, read_weights(old))
    _show(found, as_json)


def _with(card: Card, found: Evaluation | Rejection) -> Card:
    """The card with a result in the place of an earlier one on the same data, or at the end."""
    field = "evaluations" if isinstance(found, Evaluation) else "rejections"
    place = (found.data, found.split)
    results = {(each.data, each.split): each for each in getattr(card, field)} | {place: found}
    return msgspec.structs.replace(card, **{field: list(results.values())})


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
