"""A run's metrics for TensorBoard, written by torch's own writer."""

from __future__ import annotations

from pathlib import Path

from torch.utils.tensorboard.writer import SummaryWriter

from trainer.training.loop import EpochResult


class Board:
    """Event files in a folder; a run that goes on hides what it had written past `epoch`."""

    def __init__(self, folder: Path, epoch: int) -> None:
        self._writer = SummaryWriter(str(folder), purge_step=epoch + 1)

    def __call__(self, result: EpochResult) -> None:
        """Add an epoch."""
        for name, value in (
            ("loss/train", result.loss),
            ("loss/validation", result.validation_loss),
            ("accuracy/train", result.accuracy),
            ("accuracy/validation", result.validation_accuracy),
            ("learning rate", result.learning_rate),
            ("pictures per second", result.pictures_per_second),
        ):
            self._writer.add_scalar(name, value, result.epoch)
        self._writer.flush()
