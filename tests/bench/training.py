"""How quickly our loop trains each recipe's model, beside the loop that tutorials write."""

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
from torchvision import transforms
from torchvision.datasets import MNIST

from trainer.data.samples import Samples, Split
from trainer.data.source import Source
from trainer.paths import data_folder
from trainer.training.checkpoint import State
from trainer.training.loop import BatchResult, EpochResult, fit, judge
from trainer.training.losses import LOSSES
from trainer.training.optim import OPTIMIZERS
from trainer.training.recipe import MNIST_DEVIATION, MNIST_MEAN, Recipe, build
from trainer.training.recipes import preset, presets, read_options

CPU = torch.device("cpu")
FROM_SCRATCH = [name for name in presets() if name != "refine"]
ENOUGH = 0.99
"""The accuracy on MNIST's test set that the quickest recipe is timed to."""


def measure_speeds(pictures: int, rounds: int) -> dict[str, dict[str, float]]:
    """Pictures per second of each recipe's model: ours, the tutorials', and their ratio.

    The best of some rounds in turn, each over so many pictures of MNIST.
    """
    samples = Source("mnist", pictures).load(Split.TRAIN)
    found = {}
    for name in FROM_SCRATCH:
        recipe = replace(Recipe.from_options(read_options(preset(name))), epochs=1)
        ours, theirs = 0.0, 0.0
        for _ in range(rounds):
            ours = max(ours, our_loop(samples, recipe))
            theirs = max(theirs, tutorial_loop(pictures, recipe))
        found[name] = {"ours": ours, "tutorial": theirs, "ratio": ours / theirs}
    return found


def print_speeds(report: dict[str, dict[str, float]]) -> None:
    click.echo(f"{'pictures per second':22}{'our loop':>14}{'tutorial loop':>14}{'ratio':>9}")
    for name, row in report.items():
        click.echo(f"{name:22}{row['ours']:14,.0f}{row['tutorial']:14,.0f}{row['ratio']:9.2f}")


def our_loop(samples: Samples, recipe: Recipe) -> float:
    """Pictures per second of an epoch by `trainer.training.loop.fit`."""
    ends: list[float] = []

    def note(result: BatchResult | EpochResult, _state: State) -> None:
        if isinstance(result, EpochResult):
            ends.append(result.pictures_per_second)

    fit(samples, samples.where(np.arange(100)), recipe, CPU, note)
    return ends[-1]


def tutorial_loop(count: int, recipe: Recipe) -> float:
    """The same of the loop that stands in tutorials: PIL pictures, a DataLoader, one worker."""
    steps: list[object] = [transforms.ToTensor()]
    if recipe.normalise:  # tutorials do so picture by picture
        steps.append(transforms.Normalize((MNIST_MEAN,), (MNIST_DEVIATION,)))
    dataset = MNIST(str(data_folder() / "mnist"), transform=transforms.Compose(steps))
    pictures = torch.utils.data.Subset(dataset, range(count))
    torch.manual_seed(recipe.seed)
    model: nn.Module = build(replace(recipe, normalise=False)).train()
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
    """Seconds of training until a recipe's model is right so often, and how often at its end.

    Counted are the epochs alone: the time to look at the test set, which chooses nothing, is not.
    """
    train, validation, test = (Source("mnist").load(split) for split in Split)
    recipe = Recipe.from_options(read_options(preset(name)))
    trained, crossed, accuracy = 0.0, math.inf, 0.0

    def note(result: BatchResult | EpochResult, state: State) -> None:
        nonlocal trained, crossed, accuracy
        if not isinstance(result, EpochResult):
            return
        trained += len(train) / result.pictures_per_second
        accuracy = judge(state.answering, test, CPU)[1]
        if accuracy >= ENOUGH:
            crossed = min(crossed, trained)

    fit(train, validation, recipe, CPU, note)
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
