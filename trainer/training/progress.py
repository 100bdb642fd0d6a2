"""What a training run shows while it runs."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict

import click
from tqdm import tqdm

from trainer.training.loop import BatchResult, EpochResult
from trainer.training.run import Plan


class Progress:
    """A bar for each epoch on standard error; a line for each on standard output, JSON or plain.

    JSON may have lines in between too, `every` so many seconds, with the epoch so far.
    """

    def __init__(
        self, plan: Plan, pictures: int, as_json: bool, every: float | None = None
    ) -> None:
        self._pictures = pictures
        self._epochs = plan.recipe.epochs
        self._as_json = as_json
        self._every = every if as_json else None
        self._next_line = 0.0
        self._bar: tqdm | None = None

    def __call__(self, result: BatchResult | EpochResult) -> None:
        if isinstance(result, BatchResult):
            self._on_batch(result)
        else:
            self._on_epoch(result)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def _on_batch(self, result: BatchResult) -> None:
        if self._every:
            if time.monotonic() >= self._next_line:
                self._next_line = time.monotonic() + self._every
                of = {"of_epochs": self._epochs, "of_pictures": self._pictures}
                click.echo(json.dumps(asdict(result) | of))
            return
        if self._bar is None:
            self._bar = tqdm(
                desc=f"epoch {result.epoch}/{self._epochs}",
                total=self._pictures,
                unit=" pictures",
                file=sys.stderr,
                leave=False,
                mininterval=0.5,
            )
        self._bar.set_postfix(
            loss=f"{result.loss:.4f}", accuracy=f"{result.accuracy:.2%}", refresh=False
        )
        self._bar.update(result.pictures - self._bar.n)

    def _on_epoch(self, result: EpochResult) -> None:
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
