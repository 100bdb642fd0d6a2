"""`python -m tests.kinds`: how many pictures of each kind are read, and those that are not."""

from __future__ import annotations

from pathlib import Path

import click

from tests.kinds.export import export
from tests.kinds.measure import contact_sheet, readings
from tests.kinds.registry import KINDS, NUMBERS
from trainer.data.samples import Split
from trainer.recognition.bundle import PRETRAINED, read_bundle
from trainer.recognition.recognizer import Recognizer


@click.command()
@click.option("--kind", "kinds", multiple=True, help="Only kinds whose names contain this.")
@click.option("--count", default=60, show_default=True, help="Pictures of each kind.")
@click.option("--seed", default=0, show_default=True)
@click.option("--split", type=click.Choice([each.value for each in Split]), default="validation")
@click.option("--letters", is_flag=True, help="Letters and symbols, which should be rejected.")
@click.option("--bundle", type=Path, default=PRETRAINED / "inkling")
@click.option("--folder", type=Path, help="Write the pictures and their manifest here instead.")
@click.option("--sheet", type=Path, help="Save the failures as one picture.")
@click.option("--all", "everything", is_flag=True, help="All pictures on the sheet.")
def main(
    kinds: tuple[str, ...],
    count: int,
    seed: int,
    split: str,
    letters: bool,
    bundle: Path,
    folder: Path | None,
    sheet: Path | None,
    everything: bool,
) -> None:
    """Measure how many pictures of each kind are read by a model."""
    names = [
        name
        for name in [*KINDS, *([] if letters else NUMBERS)]
        if not kinds or any(part in name for part in kinds)
    ]
    if folder:
        written = export(folder, names, count, seed, Split(split), letters)
        click.echo(f"{written:,} pictures; measure them by trainer benchmark --pictures {folder}")
        return
    recognizer = Recognizer(read_bundle(bundle))
    shown = []
    click.echo(f"{'':20} {'right':>7} {'and accepted':>13} {'accepted':>9}")
    for name in names:
        read = list(readings(name, recognizer, count, seed, Split(split), letters))
        right = sum(each.right for each in read) / count
        accepted = sum(each.accepted for each in read) / count
        both = sum(each.right and each.accepted for each in read) / count
        click.echo(f"{name:20} {right:7.1%} {both:13.1%} {accepted:9.1%}")
        failed = [each for each in read if each.accepted == letters or not (letters or each.right)]
        shown += read if everything else failed
    if sheet:
        contact_sheet(shown).save(sheet)


if __name__ == "__main__":
    main()
