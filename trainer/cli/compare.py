"""The command `compare`: compare a new bundle with others on the same samples."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from trainer.cli.main import PATH, json_option
from trainer.data.datasets import FROZEN
from trainer.data.source import Source
from trainer.recognition.bundle import read_bundle


@click.command()
@click.argument("bundles", nargs=-1, required=True, type=PATH, metavar="BUNDLE...")
@click.option(
    "--data",
    multiple=True,
    metavar="NAME",
    help="Data set whose gate part to compare on; may be repeated.  [default: all that have one]",
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
    """Compare the last BUNDLE with the others, on samples that no training uses.

    With each difference comes its 95 % interval, from a bootstrap by writer.
    """
    from trainer.evaluation.compare import compare as compare_bundles

    sources = [Source.parse(name).whole for name in data or FROZEN]
    if corrections:
        sources.append(Source("corrections", path=corrections))
    found = compare_bundles([read_bundle(bundle) for bundle in bundles], sources)
    if as_json:
        click.echo(msgspec.json.encode(found))
        return
    for score in found.scores:
        size = f"{score.pictures:,} pictures by {score.writers:,} writers"
        click.echo(f"{score.data}, {score.measure}, {size}")
        for version, value in zip(found.versions, score.values, strict=True):
            click.echo(f"  {version}  {value:.2%}")
        for version, gain in zip(found.versions, score.gains, strict=False):
            low, high = 100 * gain.low, 100 * gain.high
            click.echo(
                f"  {100 * gain.value:+.2f} points over {version}, {low:+.2f} to {high:+.2f}"
            )
    for name in found.missing:
        click.echo(f"{name}: not available")
