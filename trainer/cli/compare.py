"""The command `compare`: measure several bundles on the same samples."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from trainer.cli.main import PATH, json_option, one_line
from trainer.data.datasets import FROZEN
from trainer.data.source import Source
from trainer.recognition.bundle import read_bundle


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
