"""Options of a retraining run."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

DataName = Literal["mnist", "strokes", "corrections", "synthetic"]


class InvalidOptions(ValueError):
    """The options contradict each other or name something unknown; the message says which."""


class RetrainingOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The options of a retraining run. None stands for the recipe's own value."""

    start: Literal["current", "scratch"] = "current"
    """Continue from the active version's weights, or train from scratch."""
    preset: str | None = None
    """From scratch only: a recipe of the trainer; by default `inkling`."""
    architecture: str | None = None
    """From scratch only: overrides the recipe's architecture."""
    epochs: Annotated[int, Meta(ge=1, le=500)] | None = None
    learning_rate: Annotated[float, Meta(gt=0, le=1)] | None = None
    data: list[DataName] | None = None
    """Data sets to train on, which must be available; None for all that are."""
    seed: Annotated[int, Meta(ge=0, le=2**31)] = 0

    def check(self) -> None:
        """Raise `InvalidOptions` if options contradict each other or name something unknown."""
        if self.data is not None and not self.data:
            raise InvalidOptions("choose at least one data set")
        if self.start == "current" and (self.preset or self.architecture):
            raise InvalidOptions("preset and architecture apply only to training from scratch")
        if self.preset and self.preset not in recipes():
            raise InvalidOptions(
                f"there is no preset {self.preset!r}; known: {', '.join(recipes())}"
            )
        if self.architecture and self.architecture not in architectures():
            known = ", ".join(architectures())
            raise InvalidOptions(f"there is no architecture {self.architecture!r}; known: {known}")


def recipes() -> list[str]:
    """Names of the trainer's recipes that start from random weights, not from a bundle's."""
    return sorted(_recipes())


def architectures() -> list[str]:
    """Names of the architectures that have a recipe."""
    return sorted({str(recipe["architecture"]) for recipe in _recipes().values()})


@cache
def _recipes() -> dict[str, dict[str, Any]]:
    """The trainer's recipes, read as data: TOML files that come with it."""
    folder = files("trainer").joinpath("training", "recipes")
    found = {
        file.name.removesuffix(".toml"): tomllib.loads(file.read_text(encoding="utf-8"))
        for file in folder.iterdir()
        if file.name.endswith(".toml")
    }
    return {name: recipe for name, recipe in found.items() if "distillation-weight" not in recipe}
