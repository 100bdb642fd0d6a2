"""The callback that shows a training's progress in the terminal."""

from __future__ import annotations

import json
import math
import sys
import time
from dataclasses import asdict

import click
from tqdm import tqdm

from trainer.training.callbacks import Callback
from trainer.training.checkpoint import TrainingState
from trainer.training.metrics import EpochResult, RunningMetrics

_REFRESH = 0.5  # seconds between two updates of the bar


class Progress(Callback):
    """Shows a progress bar on standard error, and prints a line per epoch to standard output.

    Lines are text or JSON. With JSON and `every`, JSON lines with the running metrics, printed
    every so many seconds, replace the bar.
    """

    def __init__(
        self, epochs: int, pictures: int, as_json: bool, every: float | None = None
    ) -> None:
        self._pictures = pictures
        self._epochs = epochs
        self._as_json = as_json
        self._every = every if as_json else None
        self._next_update = 0.0
        self._bar: tqdm | None = None

    def close(self) -> None:
        """Remove the bar."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None
            self._next_update = 0.0  # the next epoch's bar appears at once

    def on_batch_end(self, metrics: RunningMetrics) -> None:
        now = time.monotonic()
        if now < self._next_update:
            return
        self._next_update = now + (self._every or _REFRESH)
        if self._every:
            self._print_line(metrics)
        else:
            self._update_bar(metrics)

    def on_epoch_end(self, result: EpochResult, state: TrainingState) -> None:  # noqa: ARG002
        self.close()
        if self._as_json:
            click.echo(json.dumps(asdict(result)))
            return
        click.echo(
            f"epoch {result.epoch:3}/{self._epochs}"
            f"  loss {result.loss:.4f}  accuracy {result.accuracy:.2%}"
            f"  validation {result.validation_accuracy:.2%}{' best' if result.best else ''}"
            f"  {result.pictures_per_second:,.0f} pictures/s"
        )

    def _print_line(self, metrics: RunningMetrics) -> None:
        loss = metrics.loss
        line = {
            "epoch": metrics.epoch,
            "loss": loss if math.isfinite(loss) else None,  # JSON has no NaN
            "accuracy": metrics.accuracy,
            "pictures": metrics.pictures,
            "of_epochs": self._epochs,
            "of_pictures": self._pictures,
        }
        click.echo(json.dumps(line))

    def _update_bar(self, metrics: RunningMetrics) -> None:
        if self._bar is None:
            self._bar = tqdm(
                desc=f"epoch {metrics.epoch}/{self._epochs}",
                total=self._pictures,
                unit=" pictures",
                file=sys.stderr,
                leave=False,
                mininterval=0,
            )
        self._bar.set_postfix(
            loss=f"{metrics.loss:.4f}", accuracy=f"{metrics.accuracy:.2%}", refresh=False
        )
        self._bar.update(metrics.pictures - self._bar.n)
