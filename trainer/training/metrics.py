"""Metrics of an epoch: running ones during it, and its result."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import torch
from torch import Tensor

from trainer.errors import TrainerError
from trainer.training.distributed import SINGLE_PROCESS, Distributed


@dataclass(frozen=True, slots=True)
class EpochResult:
    """Metrics of a complete epoch. `loss` and `accuracy` are those of augmented training images."""

    epoch: int  # counted from 1
    loss: float  # the recipe's, which was minimized
    accuracy: float
    validation_loss: float  # cross-entropy over the ten digits, whatever the recipe's loss
    validation_accuracy: float
    learning_rate: float
    pictures_per_second: float
    best: bool  # highest validation accuracy so far


def must_be_finite(epoch: int, *losses: float) -> None:
    """Raise `TrainerError` if a loss of this epoch, counted from 1, is infinite or no number.

    What is learned from there on is nothing, and JSON has no such numbers.
    """
    if not all(map(math.isfinite, losses)):
        raise TrainerError(
            f"the training diverged in epoch {epoch}: its loss is no finite number; "
            "lower the learning rate (--learning-rate) in a new run"
        )


class RunningMetrics:
    """Mean loss and accuracy of an epoch so far.

    The sums stay on the device. Reading `loss` or `accuracy` waits for the GPU, so a callback
    should do so at intervals and not after every batch.
    """

    def __init__(
        self, epoch: int, device: torch.device, distributed: Distributed = SINGLE_PROCESS
    ) -> None:
        self.epoch = epoch  # counted from 1
        self.local_pictures = 0
        self._world_size = distributed.world_size
        self._dtype = torch.float32 if device.type == "mps" else torch.float64
        self._sums = torch.zeros(2, dtype=self._dtype, device=device)  # loss, correct answers
        self._started = time.perf_counter()

    @torch.no_grad()
    def update(self, loss: Tensor, logits: Tensor, labels: Tensor) -> None:
        """Add a batch: its mean loss, a scalar, logits [n, classes] and labels int64 [n]."""
        correct = (logits.argmax(1) == labels).sum()
        self._sums += torch.stack([loss.to(self._dtype) * len(labels), correct.to(self._dtype)])
        self.local_pictures += len(labels)

    @property
    def pictures(self) -> int:
        """Images seen in this epoch by all processes."""
        return self.local_pictures * self._world_size

    @property
    def loss(self) -> float:
        """Mean loss in this process."""
        return float(self._sums[0]) / self.local_pictures

    @property
    def accuracy(self) -> float:
        """Fraction of correct answers in this process."""
        return float(self._sums[1]) / self.local_pictures

    def finish(self, distributed: Distributed) -> tuple[float, float, float]:
        """Mean loss and accuracy over all processes, and images per second."""
        loss, correct = distributed.sum(self._sums).tolist()
        seconds = time.perf_counter() - self._started
        return loss / self.pictures, correct / self.pictures, self.pictures / seconds
