"""Optimizers and learning-rate schedules by name."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

from torch import nn
from torch.optim import SGD, Adam, AdamW, Optimizer
from torch.optim.lr_scheduler import ConstantLR, CosineAnnealingLR, LRScheduler, OneCycleLR

from trainer.training.recipe import Recipe

Parameters = Iterable[nn.Parameter]


def _sgd(parameters: Parameters, recipe: Recipe) -> Optimizer:
    return SGD(parameters, recipe.learning_rate, recipe.momentum, weight_decay=recipe.weight_decay)


def _adam(parameters: Parameters, recipe: Recipe) -> Optimizer:
    return Adam(parameters, recipe.learning_rate, weight_decay=recipe.weight_decay)


def _adamw(parameters: Parameters, recipe: Recipe) -> Optimizer:
    return AdamW(parameters, recipe.learning_rate, weight_decay=recipe.weight_decay)


OPTIMIZERS: dict[str, Callable[[Parameters, Recipe], Optimizer]] = {
    "sgd": _sgd,
    "adam": _adam,
    "adamw": _adamw,
}


def _constant(optimizer: Optimizer, _recipe: Recipe, _steps: int) -> LRScheduler:
    return ConstantLR(optimizer, factor=1, total_iters=0)


def _cosine(optimizer: Optimizer, _recipe: Recipe, steps: int) -> LRScheduler:
    """From the learning rate to 0 along half a cosine (Loshchilov and Hutter 2017)."""
    return CosineAnnealingLR(optimizer, steps)


def _one_cycle(optimizer: Optimizer, recipe: Recipe, steps: int) -> LRScheduler:
    """Up over the first fifth of the steps, then down to 0 (Smith and Topin 2018)."""
    warm_up = 0.2
    if math.isclose(warm_up * steps, 1):
        warm_up = 0.25  # torch divides by warm_up * steps - 1
    return OneCycleLR(
        optimizer,
        recipe.learning_rate,
        total_steps=steps,
        pct_start=warm_up,
        cycle_momentum=recipe.cycles_momentum,
    )


SCHEDULES: dict[str, Callable[[Optimizer, Recipe, int], LRScheduler]] = {
    "constant": _constant,
    "cosine": _cosine,
    "one-cycle": _one_cycle,
}
"""(optimizer, recipe, steps of the whole training) → schedule, to be stepped after each batch."""
