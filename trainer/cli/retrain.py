"""The command `retrain`: train on whatever data is available. The web app's worker runs it."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import click

from trainer.cli.export import tests_option
from trainer.cli.main import PATH, every_option, folder_option, json_option
from trainer.cli.train import train
from trainer.data.datasets.corrections import teaching_digits
from trainer.data.source import Source
from trainer.training.available_data import plan_data
from trainer.training.recipes import preset as recipe_file
from trainer.training.recipes import read_options

_REFINE = "refine"


@click.command()
@click.option(
    "--start-from",
    type=PATH,
    metavar="BUNDLE",
    help="Continue from this bundle's weights, with the recipe `refine`.",
)
@click.option("--preset", help="Recipe for training from scratch.  [default: inkling]")
@click.option("--architecture", help="Override the recipe's architecture, from scratch only.")
@click.option(
    "--corrections", type=PATH, metavar="FOLDER", help="Folder of corrected drawings to learn from."
)
@click.option(
    "--only",
    multiple=True,
    metavar="NAME",
    help="Train on this data set, which must be available; may be repeated.  "
    "[default: the recipe's data sets that are available]",
)
@click.option("--epochs", type=click.IntRange(min=1), help="Override the recipe's.")
@click.option(
    "--learning-rate",
    type=click.FloatRange(min=0, min_open=True),
    help="Override the recipe's.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, help="Seed of all random numbers.")
@folder_option
@tests_option
@json_option
@every_option
def retrain(
    start_from: Path | None,
    preset: str | None,
    architecture: str | None,
    corrections: Path | None,
    only: tuple[str, ...],
    epochs: int | None,
    learning_rate: float | None,
    seed: int,
    folder: Path | None,
    tests: bool,
    as_json: bool,
    every: float | None,
) -> None:
    """Train on the data that is available, from a bundle's weights or from scratch.

    Prints the `train` command that it runs. With --json, the first line also lists the data sets
    that are used and those that are missing.
    """
    if start_from and (preset or architecture):
        raise click.UsageError("--preset and --architecture cannot be used with --start-from")
    if corrections and next(teaching_digits(corrections), None) is None:
        click.echo("the corrections are numbers whose digits cannot be told apart", err=True)
        corrections = None
    name = _REFINE if start_from else preset or "inkling"
    recipe = read_options(recipe_file(name))
    plan = plan_data(
        [Source.parse(text) for text in recipe["data"]],
        only=only or None,
        corrections=corrections,
        continues=start_from is not None,
        # Another architecture may have no class for non-digits.
        digits_only=architecture not in {None, recipe.get("architecture")},
    )
    values = [
        ("--preset", name),
        ("--start-from", start_from),
        ("--architecture", architecture),
        *(("--data", source) for source in plan.sources),
        ("--validate", plan.validation),
        *(("--test", name) for name in plan.test if tests),
        ("--epochs", epochs),
        ("--learning-rate", learning_rate),
        ("--seed", seed),
        ("--folder", folder),
        ("--every", every),
    ]
    arguments = [part for name, value in values if value is not None for part in (name, str(value))]
    arguments += [] if tests else ["--no-tests"]
    arguments += ["--json"] if as_json else []
    command = shlex.join(["python", "-m", "trainer", "train", *arguments])
    click.echo(f"$ {command}", err=True)
    if as_json:
        line = {"used": plan.used, "missing": plan.missing}
        click.echo(json.dumps(line | {"distillation": bool(start_from), "command": command}))
    train.main(arguments, prog_name="train", standalone_mode=False)
