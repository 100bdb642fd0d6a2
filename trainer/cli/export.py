"""The command `export`: write the bundle of a run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from trainer.cli.main import PATH, json_option, one_line, output_option, require_torch
from trainer.recognition.bundle import BundleError, must_be_free

if TYPE_CHECKING:
    from trainer.training.run import TrainingRun, WhichEpoch

tests_option = click.option(
    "--tests/--no-tests",
    "tests",
    default=True,
    help="Measure the bundle on test splits, and write a report of the run.",
)

which_option = click.option(
    "--which",
    type=click.Choice(["best", "last"]),
    default="best",
    help="Which epoch's weights to export.",
)


@click.command()
@click.argument("run", type=PATH)
@which_option
@tests_option
@output_option
@json_option
def export(run: Path, which: WhichEpoch, tests: bool, output: Path | None, as_json: bool) -> None:
    """Write the bundle of a RUN's best or last epoch."""
    require_torch()
    check_output(output, run)
    from trainer.training.run import TrainingRun

    export_run(TrainingRun(run), output, which, as_json, tests=tests)


def check_output(output: Path | None, run: Path) -> None:
    """Raise `BundleError` before a run starts if its bundle could not be written at its end.

    `run` is the run's folder, which may not exist yet.
    """
    folder = output or run / "bundle"
    must_be_free(folder)
    if folder.resolve() in {run.resolve(), *run.resolve().parents}:
        raise BundleError(f"{folder} holds the run; choose another folder for its bundle")


def export_run(
    run: TrainingRun, output: Path | None, which: WhichEpoch, as_json: bool, *, tests: bool = True
) -> None:
    """Write a run's bundle, and print the bundle's metrics; with `tests` also write a report."""
    from trainer.export import export as write

    folder = output or run.folder / "bundle"
    click.echo("exporting, checking and evaluating the model …", err=True)
    bundle = write(run, folder, which, tests=tests)
    if as_json:
        click.echo(json.dumps({"bundle": str(folder), "card": msgspec.to_builtins(bundle.card)}))
    else:
        for evaluation in bundle.card.evaluations:
            click.echo(one_line(evaluation))
        for rejection in bundle.card.rejections:
            click.echo(one_line(rejection))
        click.echo(f"bundle: {folder} (version {bundle.card.version})")
    if tests:
        from trainer.report.training_report import write_report

        click.echo(f"report: {write_report(run, bundle)}", err=True)
