"""The callback that measures a training as it goes: its curve, and its first layer as it forms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from trainer.data.samples import Samples
from trainer.training.callbacks import Callback
from trainer.training.checkpoint import TrainingState
from trainer.training.metrics import RunningMetrics
from trainer.training.recipe import Recipe
from trainer.training.validation import validation_metrics

EVERY = 25
"""Steps between two points of a curve."""
FRAMES = (0, 25, 50, 75, 125, 200, 300, 450, 650, 950, 1350, 1875)
"""Steps after which the first layer is shown."""


@dataclass(frozen=True, slots=True)
class Point:
    """A training after some steps; what is trained on has no figures at step 0."""

    step: int
    loss: float | None
    """The recipe's, over the batches since the point before."""
    accuracy: float | None
    """On these batches, with dropout: 0..1."""
    validation_loss: float
    """Cross-entropy, on what the recipe validates on, as it does."""
    validation_accuracy: float
    """0..1."""
    layer: NDArray[np.float32] | None
    """The weights of the first layer, float32 [units, 784], at the steps in `FRAMES`."""


class Watch(Callback):
    """Measures a point every `EVERY` steps, gives it to `take`, and changes nothing.

    `validation` is what the recipe validates on.
    """

    def __init__(
        self, recipe: Recipe, validation: Samples, take: Callable[[Point], object]
    ) -> None:
        self._recipe = recipe
        self._validation = validation
        self._take = take
        self._step = 0
        self._epoch = 0
        self._before = (0, 0.0, 0.0)  # images of this epoch, their losses, and how many were right

    def on_train_start(self, state: TrainingState) -> None:
        self._state = state
        self._measure(None, None)

    def on_batch_end(self, metrics: RunningMetrics) -> None:
        self._step += 1
        if self._step % EVERY:
            return
        if metrics.epoch != self._epoch:
            self._epoch, self._before = metrics.epoch, (0, 0.0, 0.0)
        count, loss, right = self._before
        now = metrics.local_pictures
        self._before = (now, metrics.loss * now, metrics.accuracy * now)
        self._measure(
            (self._before[1] - loss) / (now - count), (self._before[2] - right) / (now - count)
        )

    def _measure(self, loss: float | None, accuracy: float | None) -> None:
        model = self._state.eval_model
        with torch.random.fork_rng():
            measured = validation_metrics(
                model,
                self._validation,
                self._state.device,
                evaluation_mode=self._recipe.evaluation_mode,
            )
        model.train()
        layer = first_layer(model) if self._step in FRAMES else None
        self._take(Point(self._step, loss, accuracy, *measured, layer))


def first_layer(model: nn.Module) -> NDArray[np.float32]:
    """The weights of the first linear layer, float32 [units, inputs]."""
    layer = next(each for each in model.modules() if isinstance(each, nn.Linear))
    weights: NDArray[np.float32] = layer.weight.detach().cpu().numpy().copy()
    return weights
