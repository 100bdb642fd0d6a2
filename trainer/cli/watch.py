"""The command `watch`: train a small recipe, and print what happens as it goes."""

from __future__ import annotations

import base64
import json
import math
from typing import TYPE_CHECKING

import click

from trainer.cli.main import json_option, require_torch
from trainer.errors import TrainerError
from trainer.training.recipes import preset, presets, read_options

if TYPE_CHECKING:
    from trainer.training.watch import Point

_FOLDER = "mistakes/"
_SEED_OF_PICTURES = 0  # so that trainings with other seeds differ by chance alone


@click.command()
@click.argument(
    "recipe",
    type=click.Choice([name for name in presets() if name.startswith(_FOLDER)]),
    metavar="PRESET",
    default=f"{_FOLDER}none",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**31),
    help="Seed of the weights, the order and dropout; the images are the same.",
    default=0,
)
@json_option
def watch(recipe: str, seed: int, as_json: bool) -> None:
    """Train a PRESET of mistakes/ on the CPU, and print its curve as it forms.

    A line every 25 steps: loss and accuracy since the line before, and on the validation set. The
    last line has the accuracy that the recipe itself reports, and that on the test set. With
    --json, some lines also have the first layer, as a WebP picture in base64. Nothing is stored,
    nothing is downloaded.
    """
    require_torch()
    import torch

    from trainer.data.samples import Split
    from trainer.data.source import Source
    from trainer.training.callbacks import BestWeights
    from trainer.training.model import load_model
    from trainer.training.recipe import Recipe
    from trainer.training.train import train_model
    from trainer.training.training_data import load_splits
    from trainer.training.validation import validation_metrics
    from trainer.training.watch import Watch

    options = read_options(preset(recipe))
    sources = [Source.parse(text) for text in options["data"]]
    if missing := [source.name for source in sources if not source.is_here]:
        if as_json:
            click.echo(json.dumps({"missing": missing}))
        raise TrainerError(f"no {missing[0]} here: python -m trainer data fetch {missing[0]}")
    planned = Recipe.from_options(options | {"seed": seed})
    splits = load_splits(sources, sources, _SEED_OF_PICTURES, validate_on=planned.validate_on)
    steps = math.ceil(len(splits.train) / planned.batch_size)
    if as_json:
        plan = {"steps_per_epoch": steps, "steps": steps * planned.epochs}
        click.echo(json.dumps(plan))
    best, cpu = BestWeights(), torch.device("cpu")
    watching = Watch(planned, splits.validation, _print_json if as_json else _print)
    state = train_model(planned, splits.train, splits.validation, cpu, [best, watching])
    (source, *_) = sources
    model = load_model(planned, best.weights)
    _, right = validation_metrics(model, source.whole.load(Split.TEST), cpu)
    if as_json:
        click.echo(json.dumps({"claimed": state.best, "test": right}))
    else:
        click.echo(f"claimed {state.best:.2%}  test {right:.2%}")


def _print(point: Point) -> None:
    trained = (
        "" if point.loss is None else f"  loss {point.loss:.4f}  accuracy {point.accuracy:.2%}"
    )
    click.echo(f"step {point.step:5}{trained}  validation {point.validation_accuracy:.2%}")


def _print_json(point: Point) -> None:
    from trainer.report.first_layer import as_webp

    layer = None
    if point.layer is not None:
        layer = base64.b64encode(as_webp(point.layer[None])).decode()
    values = (point.loss, point.accuracy, point.validation_loss, point.validation_accuracy)
    names = ("loss", "accuracy", "validation_loss", "validation_accuracy")
    figures = {name: _rounded(value) for name, value in zip(names, values, strict=True)}
    click.echo(json.dumps({"step": point.step} | figures | {"layer": layer}))


def _rounded(value: float | None) -> float | None:
    """A figure with four decimals; None for one that a training without bounds has lost."""
    return round(value, 4) if value is not None and math.isfinite(value) else None
