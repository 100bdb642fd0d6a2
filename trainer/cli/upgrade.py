"""The command `upgrade`: upgrade bundles of earlier releases."""

from __future__ import annotations

from pathlib import Path

import click

from trainer.cli.main import PATH, require_torch
from trainer.recognition.bundle import read_bundle


@click.command()
@click.argument("bundles", nargs=-1, required=True, type=PATH, metavar="BUNDLE...")
@click.option(
    "--output",
    type=PATH,
    help="Write an upgraded copy of a single BUNDLE here; a bundle there is replaced.  "
    "[default: upgrade in place]",
)
def upgrade(bundles: tuple[Path, ...], output: Path | None) -> None:
    """Upgrade BUNDLEs of earlier releases to graphs that scale their own input.

    Bundles of earlier releases take float32 in 0..1; current ones take uint8 pixels and scale them
    in the graph. Both kinds work. Probabilities stay the same; the version, which is the hash of
    the graph, changes.
    """
    require_torch()
    if output and len(bundles) > 1:
        raise click.UsageError("--output takes a single BUNDLE")
    from trainer.upgrade import upgrade as upgrade_bundle

    for folder in bundles:
        old = read_bundle(folder)
        new = upgrade_bundle(old, output or folder)
        if new is None:
            click.echo(f"{folder}: up to date (version {old.card.version})")
        else:
            click.echo(f"{new.folder}: version {old.card.version} → {new.card.version}")
