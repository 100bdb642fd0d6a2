"""The command `runs`: list and compare training runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from trainer.cli.main import PATH, json_option, require_torch
from trainer.errors import TrainerError
from trainer.paths import home_folder
from trainer.recognition.bundle import BundleError, read_bundle

if TYPE_CHECKING:
    from trainer.training.run import TrainingRun

_MEASURED = ["run", "architecture", "epochs", "validation", "test", "pictures/s"]


@click.command()
@click.argument("folders", nargs=-1, type=PATH, metavar="[RUN...]")
@json_option
def runs(folders: tuple[Path, ...], as_json: bool) -> None:
    """List the runs in $INKLING_HOME/runs, or compare the given RUNs.

    A comparison also shows the hyperparameters that differ.
    """
    require_torch()
    from trainer.training.run import TrainingRun

    if folders:
        rows = [_row(TrainingRun(folder)) for folder in folders]
    else:
        rows = _readable(home_folder() / "runs")
    if as_json:
        click.echo(json.dumps(rows))
        return
    _print(rows, _MEASURED)
    if folders:
        _print(rows, ["run", *_differences(rows)])


def _readable(folder: Path) -> list[dict[str, str]]:
    """The rows of the runs in a folder; those that cannot be read are named on standard error."""
    from trainer.training.run import TrainingRun

    found = sorted(folder.glob("*/run.json"))
    if not found:
        raise TrainerError(f"no runs in {folder}; python -m trainer train makes one")
    rows = []
    for path in found:
        try:
            rows.append(_row(TrainingRun(path.parent)))
        except TrainerError as error:
            click.echo(f"Warning: {error}", err=True)
    return rows


def _row(run: TrainingRun) -> dict[str, str]:
    """A run's metrics and hyperparameters, formatted."""
    plan, metrics = run.plan(), run.metrics()
    recipe = msgspec.to_builtins(plan.recipe)
    recipe |= recipe.pop("options")
    recipe["data"] = " ".join(part.source for part in plan.data)
    best = max((each.validation_accuracy for each in metrics), default=None)
    speeds = [each.pictures_per_second for each in metrics]
    measured = {
        "run": str(run.folder),
        "architecture": plan.recipe.architecture,
        "epochs": f"{len(metrics)}/{plan.recipe.epochs}",
        "validation": "–" if best is None else f"{best:.2%}",
        "test": _test_accuracy(run.folder / "bundle"),
        "pictures/s": f"{sum(speeds) / len(speeds):,.0f}" if speeds else "–",
    }
    return measured | {
        key.replace("_", "-"): "–" if value is None else str(value)
        for key, value in recipe.items()
        if key not in {"architecture", "epochs"}
    }


def _test_accuracy(bundle: Path) -> str:
    try:
        evaluations = read_bundle(bundle).card.evaluations
    except BundleError:
        return "–"
    return ", ".join(f"{each.data} {each.accuracy:.2%}" for each in evaluations)


def _differences(rows: list[dict[str, str]]) -> list[str]:
    """The hyperparameters and data sets in which these runs differ."""
    keys = dict.fromkeys(key for row in rows for key in row)
    return [key for key in keys if key not in _MEASURED and len({row.get(key) for row in rows}) > 1]


def _print(rows: list[dict[str, str]], keys: list[str]) -> None:
    if len(keys) == 1:
        return
    cells = [keys] + [[row.get(key, "–") for key in keys] for row in rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(keys))]
    for row in cells:
        padded = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(padded).rstrip())
    click.echo()
