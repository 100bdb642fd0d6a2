"""The progress of a run, parsed from the trainer's output."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

import msgspec

from trainer.recognition.bundle import Epoch

MAX_POINTS = 240
"""Largest number of points of a curve; beyond it, every second one is dropped."""


class Point(msgspec.Struct, frozen=True):
    """Training loss and accuracy, averaged since the start of the epoch, at a fractional epoch."""

    epochs: float
    loss: float
    accuracy: float


class _DataPlan(msgspec.Struct):
    """The first line of `python -m trainer retrain --json`."""

    used: list[str]
    missing: list[str]
    distillation: bool
    command: str


class _Batch(msgspec.Struct):
    epoch: int
    loss: float
    accuracy: float
    pictures: int
    of_epochs: int
    of_pictures: int


class Progress(msgspec.Struct):
    """The progress of a run."""

    stage: str = "queued"
    """queued, preparing, training, measuring, comparing or ended."""
    commands: list[str] = []
    used: list[str] = []
    """Names of the data sets that it is trained on."""
    missing: list[str] = []
    """Names of the recipe's data sets that are not available."""
    distillation: bool = False
    """Whether it is also trained to reproduce the predictions of the model it continues from."""
    of_epochs: int = 0
    share: float = 0.0
    """Completed share of the training, 0..1."""
    seconds_left: float | None = None
    """Remaining training time, estimated from the speed so far."""
    epochs: list[Epoch] = []
    curve: list[Point] = []
    took: dict[str, float] = {}
    """Seconds that each stage has taken, without the one that goes on."""


class Reader:
    """Updates a `Progress` from the output of `python -m trainer retrain --json --every …`."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self._began: tuple[float, float] | None = None  # time, share
        self._entered = time.monotonic()  # the stage

    def enter(self, stage: str) -> None:
        """Begin a stage, and add up the time of the one before."""
        progress, now = self.progress, time.monotonic()
        if stage != progress.stage:
            took = progress.took.get(progress.stage, 0.0) + now - self._entered
            progress.took = progress.took | {progress.stage: round(took, 1)}
            progress.stage, self._entered = stage, now

    def take(self, line: str) -> None:
        """Read a line of standard output; lines of any other kind are ignored."""
        with suppress(msgspec.DecodeError):
            self._plan(msgspec.json.decode(line, type=_DataPlan))
            return
        with suppress(msgspec.DecodeError):
            self._batch(msgspec.json.decode(line, type=_Batch))
            return
        with suppress(msgspec.DecodeError):
            self._epoch(msgspec.json.decode(line, type=Epoch))

    def _plan(self, plan: _DataPlan) -> None:
        progress = self.progress
        progress.used, progress.missing = plan.used, plan.missing
        progress.distillation = plan.distillation
        progress.commands.append(plan.command)

    def _batch(self, batch: _Batch) -> None:
        progress = self.progress
        epochs = batch.epoch - 1 + batch.pictures / batch.of_pictures
        self.enter("training")
        progress.of_epochs = batch.of_epochs
        progress.share = min(1.0, epochs / batch.of_epochs)
        now = time.monotonic()
        began, share = self._began = self._began or (now, progress.share)
        if progress.share > share:
            progress.seconds_left = (now - began) / (progress.share - share) * (1 - progress.share)
        progress.curve.append(Point(epochs, batch.loss, batch.accuracy))
        if len(progress.curve) > MAX_POINTS:
            del progress.curve[1::2]

    def _epoch(self, epoch: Epoch) -> None:
        progress = self.progress
        progress.epochs = [each for each in progress.epochs if each.epoch < epoch.epoch] + [epoch]
        if epoch.epoch == progress.of_epochs:
            self.enter("measuring")
            progress.share, progress.seconds_left = 1.0, None


def stored(progress: Progress) -> dict[str, Any]:
    """A `Progress` as JSON for the database."""
    plain: dict[str, Any] = msgspec.to_builtins(progress)
    return plain


def loaded(plain: dict[str, Any]) -> Progress:
    """The inverse of `stored`."""
    return msgspec.convert(plain, Progress)
