"""What is known of a run, from the lines that the trainer prints."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

import msgspec

MOST_POINTS = 240
"""Of a curve: when it has more, every second one is left out."""


class Point(msgspec.Struct, frozen=True):
    """The training's own loss and accuracy, mean since the epoch began, after so many epochs."""

    epochs: float
    loss: float
    accuracy: float


class Epoch(msgspec.Struct, frozen=True):
    """A whole epoch, as `trainer.training.loop.EpochResult` tells it."""

    epoch: int
    loss: float
    accuracy: float
    validation_loss: float
    validation_accuracy: float
    best: bool


class _Batch(msgspec.Struct):
    epoch: int
    loss: float
    accuracy: float
    pictures: int
    of_epochs: int
    of_pictures: int


class Progress(msgspec.Struct):
    """How far a run has come."""

    stage: str = "queued"
    """queued, preparing, training, measuring, comparing or ended."""
    commands: list[str] = []
    used: list[str] = []
    """Data that it learns from."""
    lacked: list[str] = []
    """Data that would have been learned from, were they on the machine."""
    soft_targets: bool = False
    """Whether it holds on to the answers of the model that it goes on from."""
    of_epochs: int = 0
    share: float = 0.0
    """Of the training, 0..1."""
    seconds_left: float | None = None
    """Of the training, as far as its speed tells."""
    epochs: list[Epoch] = []
    curve: list[Point] = []


class Reader:
    """Takes the lines of `python -m trainer train --json --every …` into a `Progress`."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self._began: tuple[float, float] | None = None  # moment, share

    def take(self, line: str) -> None:
        """Lines that are no figures are passed by."""
        with suppress(msgspec.DecodeError):
            self._batch(msgspec.json.decode(line, type=_Batch))
            return
        with suppress(msgspec.DecodeError):
            self._epoch(msgspec.json.decode(line, type=Epoch))

    def _batch(self, batch: _Batch) -> None:
        progress = self.progress
        epochs = batch.epoch - 1 + batch.pictures / batch.of_pictures
        progress.stage = "training"
        progress.of_epochs = batch.of_epochs
        progress.share = min(1.0, epochs / batch.of_epochs)
        now = time.monotonic()
        began, share = self._began = self._began or (now, progress.share)
        if progress.share > share:
            progress.seconds_left = (now - began) / (progress.share - share) * (1 - progress.share)
        progress.curve.append(Point(epochs, batch.loss, batch.accuracy))
        if len(progress.curve) > MOST_POINTS:
            del progress.curve[1::2]

    def _epoch(self, epoch: Epoch) -> None:
        progress = self.progress
        progress.epochs = [each for each in progress.epochs if each.epoch < epoch.epoch] + [epoch]
        if epoch.epoch == progress.of_epochs:
            progress.stage, progress.share, progress.seconds_left = "measuring", 1.0, None


def stored(progress: Progress) -> dict[str, Any]:
    """As the database keeps it."""
    plain: dict[str, Any] = msgspec.to_builtins(progress)
    return plain


def loaded(plain: dict[str, Any]) -> Progress:
    """The reverse of `stored`."""
    return msgspec.convert(plain, Progress)
