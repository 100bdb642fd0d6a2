"""Building the model of a recipe."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from trainer.errors import TrainerError
from trainer.models.architectures import construct
from trainer.models.pixels import Normalize
from trainer.recognition.preprocess import SIDE
from trainer.training.recipe import Recipe

Weights = Mapping[str, Tensor]
"""Parameters and buffers of a model by name."""


def build_model(recipe: Recipe) -> nn.Module:
    """A new model with random weights. Raises `TrainerError` as `construct` does."""
    model = construct(recipe.architecture, recipe.options)
    if not recipe.normalize:
        return model
    return nn.Sequential(OrderedDict(normalize=Normalize(), model=model))


def load_model(recipe: Recipe, weights: Weights) -> nn.Module:
    """A model with these weights. Raises `TrainerError` if they do not fit the architecture."""
    model = build_model(recipe)
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        raise TrainerError(
            f"the weights do not fit the architecture {recipe.architecture!r} as it is now; "
            "train from scratch"
        ) from error  # torch's own message lists every tensor
    return model


@torch.inference_mode()
def class_count(recipe: Recipe) -> int:
    """Number of classes of the model: the 10 digits, or 11 with "not a digit"."""
    blank = torch.zeros(1, 1, SIDE, SIDE)
    return int(build_model(recipe).eval()(blank).shape[1])
