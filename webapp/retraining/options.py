"""What somebody may ask of a retraining."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from trainer.errors import TrainerError
from trainer.training.recipes import preset, presets, read_options

DataName = Literal["mnist", "strokes", "corrections", "synthetic"]

REFINE = "refine"
"""The recipe for going on from what there is."""


class InvalidOptions(ValueError):
    """What cannot be asked for; the message says why."""


class RetrainingOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to train, from what, and on what. None stands for the recipe's own."""

    start: Literal["current", "scratch"] = "current"
    """From the weights of the version that answers, or from random ones."""
    preset: str | None = None
    """From scratch: a recipe of the trainer; `inkling` where none is named."""
    architecture: str | None = None
    """From scratch: another architecture than the recipe's."""
    epochs: Annotated[int, Meta(ge=1, le=500)] | None = None
    learning_rate: Annotated[float, Meta(gt=0, le=1)] | None = None
    data: list[DataName] | None = None
    """None: whatever is on the machine that trains. What is named has to be there."""
    seed: Annotated[int, Meta(ge=0, le=2**31)] = 0

    def check(self) -> None:
        """Raise `InvalidOptions` for what does not go together, or names nothing."""
        if self.data is not None and not self.data:
            raise InvalidOptions("choose some data to learn from")
        if self.start == "current" and (self.preset or self.architecture):
            raise InvalidOptions("preset and architecture can be chosen from scratch alone")
        if self.preset and self.preset not in recipes():
            raise InvalidOptions(
                f"there is no preset {self.preset!r}; known: {', '.join(recipes())}"
            )
        if self.architecture and self.architecture not in architectures():
            known = ", ".join(architectures())
            raise InvalidOptions(f"there is no architecture {self.architecture!r}; known: {known}")


def recipes() -> list[str]:
    """Names of the trainer's recipes that begin with random weights."""
    return [name for name in presets() if name != REFINE]


def architectures() -> list[str]:
    """Names of the architectures that have a recipe."""
    try:
        return sorted({str(read_options(preset(name))["architecture"]) for name in recipes()})
    except (TrainerError, KeyError) as error:
        raise InvalidOptions(f"a recipe cannot be read: {error}") from error
