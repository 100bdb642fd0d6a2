"""The command `calibrate-numbers`: fit the confidence of a bundle in numbers."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from trainer.cli.main import DEFAULT_BUNDLE, PATH, command_line
from trainer.paths import data_folder
from trainer.recognition.bundle import must_be_free, read_bundle, read_weights, write_bundle
from trainer.recognition.recognizer import Recognizer


@click.command("calibrate-numbers")
@click.argument("bundle", type=PATH, default=DEFAULT_BUNDLE, required=False)
@click.option("--size", type=click.IntRange(min=2), default=600, help="Numbers of each kind.")
@click.option("--seed", type=click.IntRange(min=0), default=0, help="Seed of the numbers.")
@click.option(
    "--corrections",
    type=PATH,
    metavar="FOLDER",
    help="Also use the numbers that people corrected, in this folder.",
)
@click.option(
    "--output",
    type=PATH,
    help="Folder of the result; a bundle there is replaced.  [default: in place]",
)
def calibrate_numbers(
    bundle: Path, size: int, seed: int, corrections: Path | None, output: Path | None
) -> None:
    """Fit the confidence of a BUNDLE in numbers, and store it in its card.

    Exports and `quantize` do so already; this does it again, as after a change of segmentation.
    Uses numbers by validation writers: with digits apart and touching, with a mark, in two rows.
    Of corrected numbers, those that are held out measure the result instead.
    Graph and weights, and so the version, stay as they are.
    """
    from trainer.evaluation.number_calibration import as_lines
    from trainer.evaluation.number_calibration import calibrate_numbers as calibrate

    must_be_free(output or bundle)
    old = read_bundle(bundle)
    found = calibrate(
        Recognizer(old),
        data_folder(),
        count=size,
        seed=seed,
        command=command_line(),
        report=lambda line: click.echo(line, err=True),
        corrections=corrections,
    )
    card = msgspec.structs.replace(old.card, numbers=found)
    write_bundle(output or bundle, card, old.model, read_weights(old))
    for line in as_lines(found.measured):
        click.echo(line)
