"""What decides the weights, together with the data."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import torch
from torch import Tensor, nn

from trainer.errors import TrainerError
from trainer.models.architectures import Option, construct
from trainer.recognition.preprocess import SIDE
from trainer.training.augment import Augmentation
from trainer.training.device import Precision
from trainer.training.recipes import OF_ARCHITECTURES

Weights = Mapping[str, Tensor]
"""A model's parameters and buffers by name."""

MNIST_MEAN, MNIST_DEVIATION = 0.1307, 0.3081
"""Of the pixels of MNIST's training part, 0..1."""

_WEAK = 0.3  # share of the augmentation's strength while the model settles


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Everything that decides the weights, together with the data."""

    architecture: str = "inkling"
    options: dict[str, Option] = field(default_factory=dict)  # of the architecture
    epochs: int = 20
    batch_size: int = 256
    loss: str = "ce"
    label_smoothing: float = 0.05
    optimizer: str = "adamw"
    learning_rate: float = 3e-3
    momentum: float = 0.0  # of sgd
    weight_decay: float = 0.02
    schedule: str = "one-cycle"
    average_decay: float = 0.999  # of the moving average of the weights; 0 for none
    normalise: bool = False  # bring pixels to MNIST's mean of 0 and deviation of 1 first
    augmentation: Augmentation | None = field(default_factory=Augmentation)
    settling: float = 0.2  # share of the epochs, at the end, with weak augmentation
    patience: int = 0  # stop after so many epochs without a better one; 0 for never
    precision: Precision = "float32"
    half: bool = False  # round the trained weights to half precision and ship them so
    start_from: str = ""  # version of the bundle whose weights it begins with; none: random ones
    remember: float = 0.0  # weight of that bundle's own answers beside the labels
    seed: int = 0

    @classmethod
    def from_options(cls, values: Mapping[str, Any]) -> Recipe:
        """From options of `python -m trainer train` by name; what decides no weights is passed by.

        None stands for an option of the architecture that was not given.
        """
        own = {name: values[name] for name in (each.name for each in fields(cls)) if name in values}
        options = {name: values[name] for name in OF_ARCHITECTURES if values.get(name) is not None}
        augmentation = Augmentation() if values.get("augment", True) else None
        return cls(**own, options=options, augmentation=augmentation)


class Normalise(nn.Module):
    """Pixels in 0..1 to MNIST's mean of 0 and deviation of 1."""

    def forward(self, x: Tensor) -> Tensor:
        return (x - MNIST_MEAN) / MNIST_DEVIATION


def build(recipe: Recipe) -> nn.Module:
    """A new model with random weights. Raises `TrainerError` as `construct` does."""
    model = construct(recipe.architecture, recipe.options)
    if not recipe.normalise:
        return model
    return nn.Sequential(OrderedDict(normalise=Normalise(), model=model))


@torch.inference_mode()
def classes_of(recipe: Recipe) -> int:
    """How many classes its model tells apart: the 10 digits, or 11 with what is none."""
    blank = torch.zeros(1, 1, SIDE, SIDE)
    return int(build(recipe).eval()(blank).shape[1])


def load_model(recipe: Recipe, weights: Weights) -> nn.Module:
    """A model with these weights. Raises `TrainerError` where they are not of its shape."""
    model = build(recipe)
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        raise TrainerError(
            f"the weights do not fit the architecture {recipe.architecture!r} as it is now; "
            "train from scratch"
        ) from error  # torch's own words name every tensor
    return model


def augmentations(recipe: Recipe) -> Sequence[Augmentation | nn.Identity]:
    """What changes the pictures in each epoch: strongly, then weakly.

    At the end the model settles on pictures as they are sent (He et al. 2019, Data Augmentation
    Revisited: Rethinking the Distribution Gap between Clean and Augmented Data).
    """
    if recipe.augmentation is None:
        return [nn.Identity()] * recipe.epochs
    weak = round(recipe.settling * recipe.epochs)
    strong = recipe.epochs - weak
    return [recipe.augmentation] * strong + [recipe.augmentation.weakened(_WEAK)] * weak
