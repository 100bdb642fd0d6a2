"""The command `quantize`: convert a bundle to int8."""

from __future__ import annotations

from pathlib import Path

import click

from trainer.cli.main import PATH, one_line, require_torch
from trainer.recognition.bundle import must_be_free, read_bundle


@click.command()
@click.argument("bundle", type=PATH)
@click.option(
    "--output",
    type=PATH,
    help="Folder of the new bundle; one there is replaced.  [default: replace BUNDLE]",
)
def quantize(bundle: Path, output: Path | None) -> None:
    """Convert a BUNDLE to int8, which answers in less than half of the time.

    The ranges of its activations are taken from the data sets that it was trained on. It is then
    calibrated, with its confidence in numbers, and evaluated anew. Its weights stay as they are, so
    that trainings can continue from them. Trainings do the same with --int8.
    """
    require_torch()
    from trainer.export import quantize_bundle

    must_be_free(output or bundle)
    old = read_bundle(bundle)
    new = quantize_bundle(old, output or bundle)
    for evaluation in new.card.evaluations:
        click.echo(one_line(evaluation))
    for rejection in new.card.rejections:
        click.echo(one_line(rejection))
    click.echo(f"{new.folder}: version {old.card.version} → {new.card.version}")
