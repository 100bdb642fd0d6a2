"""What the mistakes of tutorials cost: `OMP_NUM_THREADS=1 python -m tests.bench.mistakes`.

Trains each recipe in `mistakes/` with several seeds, in about three minutes on one core, and writes
docs/learn/mistakes.json and a picture of the first layer as it forms. All choices were made on
validation data; the test set is looked at by the recipe whose mistake this is, and once at the end.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import click
import msgspec
import numpy as np
import torch

from tests.conftest import ROOT
from trainer.atomic import write_file
from trainer.data.samples import Samples, Split
from trainer.data.source import Source
from trainer.report.first_layer import as_webp
from trainer.training import watch
from trainer.training.callbacks import BestWeights, Callback
from trainer.training.checkpoint import TrainingState
from trainer.training.metrics import EpochResult
from trainer.training.model import load_model
from trainer.training.recipe import Recipe
from trainer.training.recipes import preset, presets, read_options
from trainer.training.train import train_model
from trainer.training.training_data import load_splits
from trainer.training.validation import predict_logits, validation_metrics
from trainer.training.watch import FRAMES, Point

CPU = torch.device("cpu")
FOLDER = "mistakes/"
RIGHT = "none"
NAMES = sorted(
    (name.removeprefix(FOLDER) for name in presets() if name.startswith(FOLDER)),
    key=lambda name: (name != RIGHT, name),
)
RESULTS = ROOT / "docs" / "learn" / "mistakes.json"
FILTERS = ROOT / "static" / "learn" / "filters.webp"
ONE_THREAD = "OMP_NUM_THREADS=1"
"""Sums of several threads differ in their last bits, and trainings with them."""
SEEDS = 5
TEST_SIZES = (100, 1000, 5000)
DRAWS = 1000
"""Random test sets of each size."""


class Curve(msgspec.Struct, kw_only=True):
    """Of one seed, at each step of `Mistakes.steps`; what is trained on has none at step 0."""

    loss: list[float | None]  # the recipe's, over the batches since the point before
    accuracy: list[float | None]  # on these batches, with dropout
    validation_loss: list[float]  # cross-entropy, on what the recipe validates on, as it does
    validation_accuracy: list[float]


class Result(msgspec.Struct, kw_only=True):
    """Of one seed: the epoch that the recipe chose, what it claims, and what is true."""

    seed: int
    epoch: int
    claimed: float  # accuracy on what the recipe validates on, as it does
    validation: float  # accuracy on the validation split, in evaluation mode
    test: float  # the same on the test split
    missing: list[int]  # digits of which it reads none of the validation split


class Outcome(msgspec.Struct, kw_only=True):
    name: str
    command: str
    results: list[Result]
    curve: Curve  # of the first seed


class Choice(msgspec.Struct, kw_only=True):
    """The best of all epochs and seeds by a small test set, and on the images left out of it."""

    pictures: int
    tries: int
    claimed: float
    fresh: float


class Mistakes(msgspec.Struct, kw_only=True):
    command: str
    train: int
    validation: int
    test: int
    steps_per_epoch: int
    steps: list[int]
    frames: list[int]
    outcomes: list[Outcome]
    choices: list[Choice]


class Watch(watch.Watch):
    """Keeps a curve as the training goes, and the first layer."""

    def __init__(self, recipe: Recipe, validation: Samples) -> None:
        super().__init__(recipe, validation, self._keep)
        self.curve = Curve(loss=[], accuracy=[], validation_loss=[], validation_accuracy=[])
        self.steps: list[int] = []
        self.layers: list[np.ndarray] = []

    def _keep(self, point: Point) -> None:
        self.steps.append(point.step)
        for name in Curve.__struct_fields__:
            value = getattr(point, name)
            getattr(self.curve, name).append(None if value is None else round(value, 4))
        if point.layer is not None:
            self.layers.append(point.layer)


class RightAnswers(Callback):
    """Which images each epoch's model reads right: bool [n] for each epoch."""

    def __init__(self, samples: Samples) -> None:
        self.epochs: list[np.ndarray] = []
        self._samples = samples

    def on_epoch_end(self, result: EpochResult, state: TrainingState) -> None:
        answers = predict_logits(state.eval_model, self._samples, CPU).argmax(1).numpy()
        self.epochs.append(answers == self._samples.labels)


@click.command()
@click.option("--seeds", type=click.IntRange(min=1), default=SEEDS, show_default=True)
def main(seeds: int) -> None:
    """Train all recipes, and write the results and the picture."""
    measured, filters = measure(seeds)
    write_file(RESULTS, readable(msgspec.json.encode(measured)))
    write_file(FILTERS, as_webp(filters))
    for outcome in measured.outcomes:
        shares = [f"{each.claimed:.2%} → {each.test:.2%}" for each in outcome.results]
        click.echo(f"{outcome.name:30}{', '.join(shares)}")
    for choice in measured.choices:
        click.echo(f"{choice.pictures:30} {choice.claimed:.2%} → {choice.fresh:.2%}")


def measure(
    seeds: int, names: Sequence[str] = NAMES, data: str = "", epochs: int = 0
) -> tuple[Mistakes, np.ndarray]:
    """Train recipes with seeds from 0; and the first layer's weights, float32 [frames, n, 784].

    The right one is the first of them. `data` and `epochs` replace the recipes' own.
    """
    given = ({"data": [data]} if data else {}) | ({"epochs": epochs} if epochs else {})
    recipes = {name: read_options(preset(FOLDER + name)) | given for name in names}
    (source,) = (Source.parse(each) for each in recipes[RIGHT]["data"])
    splits = {split: source.whole.load(split) for split in (Split.VALIDATION, Split.TEST)}
    runs = {
        name: [train(options | {"seed": seed}, source, splits) for seed in range(seeds)]
        for name, options in recipes.items()
    }
    shown = runs[RIGHT][0].watch
    right = np.concatenate([run.right for run in runs[RIGHT]])
    test = len(splits[Split.TEST])
    measured = Mistakes(
        command=f"{ONE_THREAD} python -m tests.bench.mistakes",
        train=runs[RIGHT][0].pictures,
        validation=len(splits[Split.VALIDATION]),
        test=test,
        steps_per_epoch=math.ceil(runs[RIGHT][0].pictures / recipes[RIGHT]["batch_size"]),
        steps=shown.steps,
        frames=[step for step in FRAMES if step in shown.steps],
        outcomes=[
            Outcome(
                name=name,
                command=f"{ONE_THREAD} python -m trainer train --preset {FOLDER}{name}",
                results=[run.result for run in several],
                curve=several[0].watch.curve,
            )
            for name, several in runs.items()
        ],
        choices=[choice(right, size) for size in TEST_SIZES if size < test],
    )
    return measured, np.stack(shown.layers)


@dataclass(frozen=True)
class Run:
    result: Result
    watch: Watch
    right: np.ndarray  # bool [epochs, n]: which images of the test split each epoch's model reads
    pictures: int  # that it was trained on


def train(options: Mapping[str, Any], source: Source, splits: Mapping[Split, Samples]) -> Run:
    """Train a recipe, and measure the epoch that it chooses."""
    recipe = Recipe.from_options(options)
    used = load_splits([source], [source], recipe.seed, validate_on=recipe.validate_on)
    watch, best = Watch(recipe, used.validation), BestWeights()
    answers = RightAnswers(splits[Split.TEST])
    state = train_model(recipe, used.train, used.validation, CPU, [best, watch, answers])
    model = load_model(recipe, best.weights)
    validation = splits[Split.VALIDATION]
    answers_to = predict_logits(model, validation, CPU).argmax(1).numpy()
    read = validation.labels[answers_to == validation.labels]
    _, test = validation_metrics(model, splits[Split.TEST], CPU)
    result = Result(
        seed=recipe.seed,
        epoch=state.epoch - state.epochs_since_best,
        claimed=round(state.best, 4),
        validation=round(len(read) / len(validation), 4),
        test=round(test, 4),
        missing=sorted(set(validation.labels.tolist()) - set(read.tolist())),
    )
    return Run(result, watch, np.stack(answers.epochs), len(used.train))


def choice(right: np.ndarray, pictures: int) -> Choice:
    """The best of several models by random test sets of so many images, and on all other images.

    `right`, bool [models, images], says which images each reads right.
    """
    rng = np.random.default_rng(0)
    claimed, fresh = [], []
    for _ in range(DRAWS):
        order = rng.permutation(right.shape[1])
        shares = right[:, order[:pictures]].mean(axis=1)
        best = int(shares.argmax())
        claimed.append(shares[best])
        fresh.append(right[best, order[pictures:]].mean())
    return Choice(
        pictures=pictures,
        tries=len(right),
        claimed=round(float(np.mean(claimed)), 4),
        fresh=round(float(np.mean(fresh)), 4),
    )


def readable(content: bytes) -> bytes:
    """JSON with indentation, but each list of numbers in one line."""
    text = msgspec.json.format(content, indent=1).decode()
    numbers = re.compile(r"\[([^][{}]*)\]")
    return numbers.sub(lambda found: f"[{' '.join(found[1].split())}]", text).encode() + b"\n"


if __name__ == "__main__":
    main()
