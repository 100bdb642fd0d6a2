"""Callbacks of the training loop: the base class, early stopping, and the best weights."""

from __future__ import annotations

from torch import Tensor

from trainer.training.checkpoint import TrainingState
from trainer.training.metrics import EpochResult, RunningMetrics


class Callback:
    """Base class of callbacks; override the hooks you need. They are called in this order."""

    def on_train_start(self, state: TrainingState) -> None:
        """Before the first epoch, or the first one after a checkpoint."""

    def on_batch_end(self, metrics: RunningMetrics) -> None:
        """After each step. Reading a metric waits for the device: do so at intervals."""

    def on_epoch_end(self, result: EpochResult, state: TrainingState) -> None:
        """After each epoch was validated."""


class EarlyStopping(Callback):
    """Stops the training after `patience` epochs without improvement; 0 never stops it."""

    def __init__(self, patience: int) -> None:
        self._patience = patience

    def on_train_start(self, state: TrainingState) -> None:
        self._check(state)

    def on_epoch_end(self, result: EpochResult, state: TrainingState) -> None:  # noqa: ARG002
        self._check(state)

    def _check(self, state: TrainingState) -> None:
        state.should_stop = 0 < self._patience <= state.epochs_since_best


class BestWeights(Callback):
    """Keeps a copy of the weights of the epoch with the highest validation accuracy."""

    def __init__(self) -> None:
        self.weights: dict[str, Tensor] = {}

    def on_epoch_end(self, result: EpochResult, state: TrainingState) -> None:
        if result.best:
            weights = state.eval_model.state_dict()
            self.weights = {name: tensor.detach().clone() for name, tensor in weights.items()}
