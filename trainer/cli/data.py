"""Getting the data sets and looking after them."""

from __future__ import annotations

import click

from trainer.data import data_folder
from trainer.fetch import DATA
from trainer.records import record_writers


@click.group()
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
