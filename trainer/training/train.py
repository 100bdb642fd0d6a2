"""Trains a model from beginning to end: builds or restores its state, and runs the loop."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn

from trainer.data.samples import Samples
from trainer.errors import TrainerError
from trainer.training.batches import Batches
from trainer.training.callbacks import Callback
from trainer.training.checkpoint import TrainingState
from trainer.training.distributed import SINGLE_PROCESS, Distributed
from trainer.training.loop import fit
from trainer.training.model import Weights
from trainer.training.recipe import Recipe
from trainer.training.validation import predict_logits


def train_model(
    recipe: Recipe,
    train: Samples,
    validation: Samples,
    device: torch.device,
    callbacks: Sequence[Callback] = (),
    *,
    start: Weights | None = None,
    checkpoint: Path | None = None,
    distributed: Distributed = SINGLE_PROCESS,
) -> TrainingState:
    """Train a recipe's model, and return the state after the last epoch.

    The initial weights are `start`, by default random. From a checkpoint, training continues as if
    it had never stopped. Raises `TrainerError` if the architecture has no class for a label, if
    `start` or the checkpoint do not fit it, or if the training diverges.
    """
    batches = Batches(
        train, recipe.batch_size, device, recipe.seed, distributed, order=recipe.order
    )
    state = TrainingState.create(recipe, recipe.epochs * len(batches), device, start)
    _check_classes(state.model, train, device)
    if checkpoint:
        state.restore(checkpoint)
    fit(state, batches, validation, recipe, callbacks, distributed)
    return state


def _check_classes(model: nn.Module, train: Samples, device: torch.device) -> None:
    classes = predict_logits(model, train.where(np.arange(1)), device).shape[1]
    if int(train.labels.max()) >= classes:
        raise TrainerError(
            "this architecture has no class for what is not a digit; train it on digits alone"
        )
