"""Options that only some architectures take. Importing this module does not import torch."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Annotated, Literal

from msgspec import Meta

Option = str | int | float | bool
"""A value that the constructor of an architecture accepts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchitectureOptions:
    """The options of all architectures. None stands for the architecture's own default."""

    cell: Annotated[
        Literal["rnn", "lstm", "gru"] | None, Meta(description="Cell of a recurrent network.")
    ] = None
    hidden: Annotated[
        Annotated[int, Meta(ge=1)] | None, Meta(description="Units in a hidden layer or state.")
    ] = None
    layers: Annotated[
        Annotated[int, Meta(ge=1)] | None, Meta(description="Layers of a recurrent network.")
    ] = None
    bidirectional: Annotated[
        bool | None,
        Meta(
            description="Read the rows of a recurrent network in both directions.",
            extra={"off": "--one-way"},
        ),
    ] = None
    dropout: Annotated[
        Annotated[float, Meta(ge=0, le=1)] | None,
        Meta(description="Fraction of units dropped in each training step."),
    ] = None


OPTION_NAMES = tuple(each.name for each in fields(ArchitectureOptions))
