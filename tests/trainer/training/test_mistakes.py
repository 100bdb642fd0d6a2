"""The mistakes that tutorials make, as recipes: each does what its name says, and nothing else."""

from dataclasses import replace
from math import e, log

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from trainer.data.samples import Samples, Split
from trainer.data.source import Source
from trainer.models.architectures.mlp import MLP
from trainer.models.pixels import scale_pixels
from trainer.training.batches import Batches
from trainer.training.losses import LOSSES
from trainer.training.recipe import Recipe
from trainer.training.recipes import preset, presets, read_options
from trainer.training.train import train_model
from trainer.training.training_data import load_splits

CPU = torch.device("cpu")
CHANGED = {
    "mse-after-softmax": {"loss"},
    "softmax-before-cross-entropy": {"loss"},
    "test-on-train": {"validate_on"},
    "choose-by-test": {"validate_on"},
    "no-zero-grad": {"momentum"},
    "no-shuffle": {"order"},
    "no-shuffle-sorted": {"order"},
    "no-eval": {"evaluation_mode"},
}


def options(name):
    return read_options(preset(f"mistakes/{name}"))


def recipe(name, **changes):
    small = {"epochs": 2, "batch_size": 16}
    return replace(Recipe.from_options(options(name)), **small | changes)


@pytest.fixture(scope="module")
def noise():
    """64 images of sparse noise with labels in no order, which can only be learned by heart."""
    rng = np.random.default_rng(0)
    pixels = np.where(rng.random((64, 28, 28)) < 0.1, np.uint8(255), np.uint8(0))
    return Samples(pixels, rng.integers(10, size=64))


def test_each_mistake_is_one_option_apart_from_the_right_recipe():
    right = options("none")
    mistakes = {name.removeprefix("mistakes/") for name in presets() if "/" in name} - {"none"}
    assert mistakes == CHANGED.keys()
    for name, changed in CHANGED.items():
        wrong = options(name)
        assert wrong.keys() == right.keys()
        assert {key for key in right if right[key] != wrong[key]} == changed


def test_without_zero_grad_is_the_loop_that_never_calls_it(noise):
    torch.manual_seed(0)
    model = MLP(hidden=32)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.2)
    for epoch in range(2):
        for images, labels in Batches(noise, 16, CPU, seed=0).epoch(epoch):
            F.cross_entropy(model(images), labels).backward()
            optimizer.step()
    ours = train_model(recipe("no-zero-grad", options={"hidden": 32}), noise, noise, CPU).model
    for name, weights in model.state_dict().items():
        assert torch.equal(ours.state_dict()[name], weights), name


def test_a_softmax_before_cross_entropy_leaves_a_loss_however_sure_the_model_is():
    labels = torch.arange(10)
    sure = LOSSES["softmax-ce"](torch.eye(10) * 100, labels, 0.0)
    assert float(sure) == pytest.approx(log(e + 9) - 1)
    logits = torch.randn(10, 10)
    twice = F.nll_loss(torch.log_softmax(torch.softmax(logits, 1), 1), labels)
    assert LOSSES["softmax-ce"](logits, labels, 0.0) == pytest.approx(twice)


def test_the_order_is_new_in_each_epoch_as_stored_or_by_class(noise):
    def labels(order, epoch):
        batches = Batches(noise, 16, CPU, seed=0, order=order).epoch(epoch)
        return [int(label) for _, part in batches for label in part]

    stored = noise.labels.tolist()
    assert labels("shuffled", 0) != labels("shuffled", 1) != stored
    assert labels("stored", 0) == labels("stored", 1) == stored
    assert labels("by-class", 0) == labels("by-class", 1) == sorted(stored)
    images = torch.cat([part for part, _ in Batches(noise, 16, CPU, 0, order="by-class").epoch(0)])
    first = noise.pixels[noise.labels == 0]
    assert torch.equal(images[: len(first), 0], scale_pixels(torch.from_numpy(first)))


def test_what_is_validated_on_may_be_what_is_learned_or_the_test_split(some_digits):
    sources = [Source.parse(f"folder:{some_digits}:40")]
    learned = load_splits(sources, sources, seed=1, validate_on="train")
    assert learned.validation.sha256() == learned.train.sha256()
    for split in (Split.VALIDATION, Split.TEST):
        found = load_splits(sources, sources, seed=1, validate_on=split.value)
        assert found.validation.sha256() == sources[0].load(split).sha256()
        assert found.train.sha256() == learned.train.sha256()


def test_without_evaluation_mode_the_weights_are_the_same_and_the_accuracy_is_not(noise):
    wild = {"hidden": 32, "dropout": 0.5}
    states = [
        train_model(recipe(name, options=wild, epochs=20), noise, noise, CPU)
        for name in ("none", "no-eval")
    ]
    right, wrong = states
    for name, weights in right.model.state_dict().items():
        assert torch.equal(wrong.model.state_dict()[name], weights), name
    assert wrong.best < right.best
