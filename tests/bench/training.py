"""Speed of the training loop for each recipe's model, compared with a tutorial's loop."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from typing import Any

import click
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader

from trainer.data.samples import Samples, Split
from trainer.data.source import Source
from trainer.models.pixels import MNIST_MEAN, MNIST_STD
from trainer.paths import data_folder
from trainer.training.callbacks import Callback
from trainer.training.checkpoint import TrainingState
from trainer.training.device import quickest_precision
from trainer.training.losses import LOSSES
from trainer.training.metrics import EpochResult
from trainer.training.model import build_model
from trainer.training.optim import OPTIMIZERS
from trainer.training.recipe import Recipe
from trainer.training.recipes import preset, presets, read_options
from trainer.training.train import train_model
from trainer.training.validation import validation_metrics

CPU = torch.device("cpu")
FROM_SCRATCH = [name for name in presets() if name != "refine" and "/" not in name]
ENOUGH = 0.99
"""The accuracy on MNIST's test set that the quickest recipe is timed to."""


def measure_speeds(pictures: int, rounds: int) -> dict[str, dict[str, float]]:
    """Pictures per second of each recipe's model: ours, the tutorials', and their ratio.

    The best of some rounds in turn, each over so many pictures of MNIST.
    """
    samples = Source("mnist", pictures).load(Split.TRAIN)
    found = {}
    for name in FROM_SCRATCH:
        recipe = replace(recipe_of(name), epochs=1)
        ours, theirs = 0.0, 0.0
        for _ in range(rounds):
            ours = max(ours, our_loop(samples, recipe))
            theirs = max(theirs, tutorial_loop(pictures, recipe))
        found[name] = {"ours": ours, "tutorial": theirs, "ratio": ours / theirs}
    return found


def recipe_of(name: str) -> Recipe:
    """The recipe as its command would train it here, in the precision that is quickest."""
    options = read_options(preset(name))
    if options.get("precision") == "quickest":
        options["precision"] = quickest_precision(CPU)
    return Recipe.from_options(options)


def print_speeds(report: dict[str, dict[str, float]]) -> None:
    click.echo(f"{'pictures per second':22}{'our loop':>14}{'tutorial loop':>14}{'ratio':>9}")
    for name, row in report.items():
        click.echo(f"{name:22}{row['ours']:14,.0f}{row['tutorial']:14,.0f}{row['ratio']:9.2f}")


class Results(Callback):
    """Collects the result of each epoch."""

    def __init__(self) -> None:
        self.results: list[EpochResult] = []

    def on_epoch_end(self, result: EpochResult, state: TrainingState) -> None:
        self.results.append(result)


def our_loop(samples: Samples, recipe: Recipe) -> float:
    """Pictures per second of an epoch by `trainer.training.loop.fit`."""
    recorded = Results()
    train_model(recipe, samples, samples.where(np.arange(100)), CPU, [recorded])
    return recorded.results[-1].pictures_per_second


def tutorial_loop(count: int, recipe: Recipe) -> float:
    """The same of a tutorial's loop: PIL images, a DataLoader with one worker, float32."""
    from torchvision import transforms  # slow to import, and each test process imports this file
    from torchvision.datasets import MNIST

    steps: list[object] = [transforms.ToTensor()]
    if recipe.normalize:  # tutorials do so picture by picture
        steps.append(transforms.Normalize((MNIST_MEAN,), (MNIST_STD,)))
    dataset = MNIST(str(data_folder() / "mnist"), transform=transforms.Compose(steps))
    pictures = torch.utils.data.Subset(dataset, range(count))
    torch.manual_seed(recipe.seed)
    model: nn.Module = build_model(replace(recipe, normalize=False)).train()
    optimizer = OPTIMIZERS[recipe.optimizer](model.parameters(), recipe)
    criterion = LOSSES[recipe.loss]
    loader = DataLoader(pictures, batch_size=recipe.batch_size, shuffle=True, num_workers=1)
    seen = 0
    started = 0.0
    for images, labels in loader:
        if not started:  # the worker has come up
            started = time.perf_counter()
            continue
        optimizer.zero_grad()
        loss = criterion(model(images), labels, recipe.label_smoothing)
        loss.backward()
        optimizer.step()
        loss.item()
        seen += len(labels)
    return seen / (time.perf_counter() - started)


def measure_quickest(name: str) -> dict[str, Any]:
    """Seconds of training to reach an accuracy on MNIST's test set, and the final accuracy.

    The time of validating and testing is not counted.
    """
    train, validation, test = (Source("mnist").load(split) for split in Split)
    recipe = recipe_of(name)
    trained, crossed, accuracy = 0.0, math.inf, 0.0

    class TestEachEpoch(Callback):
        def on_epoch_end(self, result: EpochResult, state: TrainingState) -> None:
            nonlocal trained, crossed, accuracy
            trained += len(train) / result.pictures_per_second
            accuracy = validation_metrics(state.eval_model, test, CPU)[1]
            if accuracy >= ENOUGH:
                crossed = min(crossed, trained)

    train_model(recipe, train, validation, CPU, [TestEachEpoch()])
    return {
        "recipe": name,
        "seconds": None if math.isinf(crossed) else crossed,
        "seconds_in_all": trained,
        "mnist_test": accuracy,
    }


def print_quickest(report: dict[str, Any]) -> None:
    reached = report["seconds"]
    when = f"after {reached:.0f} s" if reached else "never"
    click.echo(
        f"{report['recipe']}: {ENOUGH:.0%} of MNIST's test set {when}, "
        f"{report['mnist_test']:.2%} at its end after {report['seconds_in_all']:.0f} s"
    )
