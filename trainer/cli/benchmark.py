"""The command `benchmark`: measure the robustness of a bundle."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from trainer.cli.main import DEFAULT_BUNDLE, PATH, command_line, json_option, require_torch
from trainer.paths import data_folder, home_folder
from trainer.recognition.bundle import read_bundle
from trainer.recognition.recognizer import Recognizer


@click.command()
@click.argument("bundle", type=PATH, default=DEFAULT_BUNDLE, required=False)
@click.option("--seed", type=click.IntRange(min=0), default=0, help="Seed of the drawings.")
@click.option("--size", type=click.IntRange(min=1), help="Drawings per row.  [default: all]")
@click.option(
    "--tutorials/--no-tutorials", default=True, help="Also train and measure a tutorial LeNet-5."
)
@click.option(
    "--beside",
    "others",
    type=PATH,
    multiple=True,
    help="Also measure this bundle, in a column of its own; repeatable.",
)
@click.option(
    "--pictures",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Measure the labeled pictures of this folder instead. Its manifest.jsonl or manifest.csv "
    "lists them by file, truth and kind; a truth is digits, with / between the rows of a number, "
    "or not_a_digit.",
)
@click.option("--output", type=PATH, help="Folder for page and JSON.  [default: in $INKLING_HOME]")
@json_option
def benchmark(
    bundle: Path,
    seed: int,
    size: int | None,
    tutorials: bool,
    others: tuple[Path, ...],
    pictures: Path | None,
    output: Path | None,
    as_json: bool,
) -> None:
    """Measure the robustness of a BUNDLE.

    Covers drawings of any size, position, pen and color, photos, numbers and non-digits. Prints a
    table, and writes an HTML page with figures.
    """
    output = output or home_folder() / "benchmark"
    if pictures:
        if size or others:
            raise click.UsageError("--pictures measures all of them, by one bundle alone")
        _measure_pictures(bundle, pictures, output, as_json)
        return
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
        beside=others,
        report=lambda line: click.echo(line, err=True),
    )
    page = write_page(output, found)
    click.echo(msgspec.json.encode(found) if as_json else as_text(found))
    click.echo(f"page: {page}", err=True)


def _measure_pictures(bundle: Path, folder: Path, output: Path, as_json: bool) -> None:
    from trainer.evaluation.pictures.measure import measure_pictures
    from trainer.evaluation.pictures.results import as_text
    from trainer.report.pictures import write_page

    found = measure_pictures(
        Recognizer(read_bundle(bundle)),
        folder,
        command=command_line(),
        warn=lambda line: click.echo(f"Warning: {line}", err=True),
        report=lambda line: click.echo(line, err=True),
    )
    page = write_page(output, found)
    click.echo(msgspec.json.encode(found) if as_json else as_text(found))
    click.echo(f"page: {page}", err=True)
