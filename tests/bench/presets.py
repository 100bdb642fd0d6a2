"""Accuracy of each recipe over several seeds: `python -m tests.bench.presets`.

Each recipe is trained with each seed, as its command would. Its best epoch by validation is
measured on MNIST's test set, and on the test writers' digits in every style, which
`trainer.recognition.preprocess` has centered.
"""

from __future__ import annotations

from statistics import mean

import click
import torch

from tests.bench.training import FROM_SCRATCH
from trainer.data.samples import Samples, Split
from trainer.data.source import Source
from trainer.training.callbacks import BestWeights
from trainer.training.model import load_model
from trainer.training.recipe import Recipe
from trainer.training.recipes import preset, read_options
from trainer.training.train import train_model
from trainer.training.training_data import load_splits
from trainer.training.validation import validation_metrics

CPU = torch.device("cpu")
TESTS = ("mnist", "strokes")
TUTORIALS = [
    name for name in FROM_SCRATCH if name != "inkling"
]  # that one takes hours, not minutes


@click.command()
@click.argument("names", nargs=-1)
@click.option("--seeds", type=click.IntRange(min=1), default=3, show_default=True)
def main(names: tuple[str, ...], seeds: int) -> None:
    """Print the table of these recipes, or of all but inkling, as Markdown."""
    tests = {name: Source(name).load(Split.TEST) for name in TESTS}
    click.echo("| | epochs | MNIST test, mean | each seed | drawn by people, mean | each seed |")
    click.echo("|---|---|---|---|---|---|")
    for name in names or TUTORIALS:
        options = read_options(preset(name))
        runs = [accuracies(options | {"seed": seed}, tests) for seed in range(seeds)]
        columns = [f"{mean(each):.2%} | {_all(each)}" for each in zip(*runs, strict=True)]
        click.echo(f"| `{name}` | {options['epochs']} | {' | '.join(columns)} |")


def accuracies(options: dict[str, object], tests: dict[str, Samples]) -> list[float]:
    """Accuracy on each test set, of the best epoch of a new training."""
    recipe = Recipe.from_options(options)
    sources = [Source.parse(text) for text in options["data"]]
    splits = load_splits(sources, sources, recipe.seed)
    best = BestWeights()
    train_model(recipe, splits.train, splits.validation, CPU, [best])
    model = load_model(recipe, best.weights)
    return [validation_metrics(model, samples, CPU)[1] for samples in tests.values()]


def _all(shares: tuple[float, ...]) -> str:
    return ", ".join(f"{100 * share:.2f}" for share in shares)


if __name__ == "__main__":
    main()
