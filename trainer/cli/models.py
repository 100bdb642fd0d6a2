"""Commands that inspect models: list architectures, print layers, explain a prediction."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click
import numpy as np

from trainer.cli.main import PATH, json_option, require_torch
from trainer.errors import TrainerError
from trainer.evaluation.timing import median_ms
from trainer.paths import home_folder
from trainer.recognition.bundle import PRETRAINED, BundleError, read_bundle
from trainer.recognition.image import PictureError, decode
from trainer.recognition.occlusion import occlusion_map
from trainer.recognition.preprocess import SIDE, EmptyDrawing
from trainer.recognition.recognizer import Recognizer

_REPETITIONS = 200  # of the forward pass that is timed


@click.command()
@json_option
def models(as_json: bool) -> None:
    """List the architectures.

    Shows size, accuracy and speed for those with a bundle. A bundle in $INKLING_HOME/models takes
    precedence over the one shipped with Inkling.
    """
    require_torch()
    from trainer.models.architectures import ARCHITECTURES
    from trainer.training.model import build_model
    from trainer.training.recipe import Recipe

    rows = []
    for name in ARCHITECTURES:
        model = build_model(Recipe(architecture=name))
        row: dict[str, object] = {
            "name": name,
            "parameters": sum(parameter.numel() for parameter in model.parameters()),
        }
        rows.append(row | _of_bundle(name))
    if as_json:
        click.echo(json.dumps(rows))
        return
    click.echo(f"{'':12} {'parameters':>10} {'bundle':>9} {'MNIST test':>11} {'forward':>9}")
    for row in rows:
        size, accuracy, forward = (row.get(key) for key in ("bytes", "mnist_test", "forward_ms"))
        click.echo(
            f"{row['name']:12} {row['parameters']:>10,}"
            f" {_or_dash(size, lambda value: f'{value / 1e6:.2f} MB'):>9}"
            f" {_or_dash(accuracy, lambda value: f'{value:.2%}'):>11}"
            f" {_or_dash(forward, lambda value: f'{value:.2f} ms'):>9}"
        )


def _of_bundle(name: str) -> dict[str, object]:
    """Bytes, MNIST accuracy (0..1) and forward time on one core (ms) of a bundle, {} if none."""
    own = home_folder() / "models" / name
    folder = own if own.is_dir() else PRETRAINED / name
    try:
        recognizer = Recognizer(read_bundle(folder))
    except BundleError:
        return {}
    picture = np.zeros((1, SIDE, SIDE), np.uint8)
    accuracy = {each.data: each.accuracy for each in recognizer.card.evaluations}
    return {
        "bytes": sum(path.stat().st_size for path in folder.iterdir()),
        "mnist_test": accuracy.get("mnist"),
        "forward_ms": median_ms(lambda _: recognizer.logits(picture), _REPETITIONS),
    }


@click.command()
@click.argument("architecture")
def summary(architecture: str) -> None:
    """Print the layers of an ARCHITECTURE."""
    require_torch()
    import torchinfo

    from trainer.training.model import build_model
    from trainer.training.recipe import Recipe

    model = build_model(Recipe(architecture=architecture))
    found = torchinfo.summary(model, input_size=(1, 1, SIDE, SIDE), verbose=0, depth=9)
    rows = [("layer", "parameters", "count", "output")]
    for layer in found.summary_list:
        own = list(layer.module.named_parameters(recurse=False))
        shapes = ", ".join(f"{name} {_shape(each.shape)}" for name, each in own)
        count = f"{sum(each.numel() for _, each in own):,}" if own else ""
        name = "  " * layer.depth + layer.class_name
        rows.append((name, shapes, count, _shape(layer.output_size[1:])))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    for name, shapes, count, output in rows:
        line = f"{name:{widths[0]}}  {output:{widths[3]}}  {count:>{widths[2]}}  {shapes}"
        click.echo(line.rstrip())
    click.echo(f"\n{found.total_params:,} parameters, {found.total_mult_adds:,} multiplications")


@click.command()
@click.argument("bundle", type=PATH)
@click.argument("picture", type=PATH)
@click.option("--output", type=PATH, default="explained", help="Folder of the PNG files.")
def explain(bundle: Path, picture: Path, output: Path) -> None:
    """Explain a BUNDLE's prediction for an image.

    Writes an occlusion map and the activations of each stage as PNG files. BUNDLE is a folder, or
    the name of a model shipped with Inkling.
    """
    require_torch()
    from trainer.atomic import write_file
    from trainer.report import figures

    folder = bundle if bundle.is_dir() else PRETRAINED / bundle
    recognizer = Recognizer(read_bundle(folder))
    try:
        decoded = decode(picture.read_bytes())
        prediction = recognizer.read(decoded.image, decoded.scale)
    except (OSError, PictureError, EmptyDrawing) as error:
        raise TrainerError(f"{picture}: {error}") from error
    pixels = prediction.prepared.pixels
    title = f"{prediction.digit}, {prediction.confidence:.1%}"
    drops = occlusion_map(recognizer, pixels)
    found = {"occlusion": figures.occlusion(pixels, drops, title)}
    for name, (given,) in recognizer.stages(pixels[None]).items():
        found[name.replace(" ", "-")] = figures.stage(given, f"{name}: {_shape(given.shape)}")
    click.echo(f"{picture}: {title}")
    for name, figure in found.items():
        write_file(output / f"{name}.png", figures.png(figure))
        click.echo(str(output / f"{name}.png"))


def _shape(sizes: Iterable[int]) -> str:
    return "×".join(map(str, sizes))


def _or_dash(value: Any, words: Callable[[Any], str]) -> str:
    return "–" if value is None else words(value)
