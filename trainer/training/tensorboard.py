"""The callback that writes metrics for TensorBoard."""

from __future__ import annotations

from pathlib import Path

from torch.utils.tensorboard.writer import SummaryWriter

from trainer.training.callbacks import Callback
from trainer.training.checkpoint import TrainingState
from trainer.training.metrics import EpochResult


class TensorBoard(Callback):
    """Writes event files to a folder. Events after `epoch` are dropped; a resumed run adds them."""

    def __init__(self, folder: Path, epoch: int) -> None:
        self._writer = SummaryWriter(str(folder), purge_step=epoch + 1)

    def on_epoch_end(self, result: EpochResult, state: TrainingState) -> None:  # noqa: ARG002
        for name, value in (
            ("training loss", result.loss),
            ("validation cross-entropy", result.validation_loss),
            ("accuracy/train", result.accuracy),
            ("accuracy/validation", result.validation_accuracy),
            ("learning rate", result.learning_rate),
            ("pictures per second", result.pictures_per_second),
        ):
            self._writer.add_scalar(name, value, result.epoch)
        self._writer.flush()

    def close(self) -> None:
        """Write what is left, and end the writer's thread."""
        self._writer.close()
