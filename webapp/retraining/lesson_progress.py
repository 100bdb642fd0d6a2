"""The progress of a lesson, parsed from what `python -m trainer watch --json` prints."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated, Any

import msgspec
from msgspec import Meta

MAX_POINTS = 240
"""Largest number of points of a curve that are kept; a recipe of `mistakes/` has 76."""
_MAX_FRAMES = 16
_LONGEST_PICTURE = 20_000  # characters


class LessonPoint(msgspec.Struct, frozen=True):
    """A training after some steps; None for what is not measured, or is no finite number."""

    step: int
    loss: float | None
    accuracy: float | None
    """Over the batches since the point before, 0..1."""
    validation_loss: float | None
    validation_accuracy: float | None
    """0..1."""


class Frame(msgspec.Struct, frozen=True):
    """The first layer after some steps."""

    step: int
    picture: str
    """32 units of 28×28 weights, in 4 rows of 8, as WebP in base64."""


class Outcome(msgspec.Struct, frozen=True):
    """What the recipe itself reports, and what is right on the test set: accuracies, 0..1."""

    claimed: float
    test: float


class _Plan(msgspec.Struct):
    steps_per_epoch: int
    steps: int


class _Missing(msgspec.Struct):
    missing: list[str]


class _Line(LessonPoint, frozen=True, kw_only=True):
    layer: Annotated[str, Meta(max_length=_LONGEST_PICTURE)] | None = None


class LessonProgress(msgspec.Struct):
    """The progress of a lesson."""

    steps: int = 0
    steps_per_epoch: int = 0
    points: list[LessonPoint] = []
    frames: list[Frame] = []
    outcome: Outcome | None = None
    missing: list[str] = []
    """Names of the data sets that the worker does not have."""

    def take(self, line: str) -> None:
        """Read a line of standard output; lines of any other kind are ignored."""
        with suppress(msgspec.DecodeError):
            plan = msgspec.json.decode(line, type=_Plan)
            self.steps, self.steps_per_epoch = plan.steps, plan.steps_per_epoch
            return
        with suppress(msgspec.DecodeError):
            self._point(msgspec.json.decode(line, type=_Line))
            return
        with suppress(msgspec.DecodeError):
            self.outcome = msgspec.json.decode(line, type=Outcome)
            return
        with suppress(msgspec.DecodeError):
            self.missing = msgspec.json.decode(line, type=_Missing).missing

    def _point(self, line: _Line) -> None:
        if len(self.points) < MAX_POINTS:
            names = LessonPoint.__struct_fields__
            self.points.append(LessonPoint(*(getattr(line, name) for name in names)))
        if line.layer and len(self.frames) < _MAX_FRAMES:
            self.frames.append(Frame(line.step, line.layer))


def stored(progress: LessonProgress) -> dict[str, Any]:
    """A `LessonProgress` as JSON for the database."""
    plain: dict[str, Any] = msgspec.to_builtins(progress)
    return plain


def loaded(plain: dict[str, Any]) -> LessonProgress:
    """The inverse of `stored`."""
    return msgspec.convert(plain, LessonProgress)
