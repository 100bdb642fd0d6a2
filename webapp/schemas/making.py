"""How one map of a stage was made, as the inside pages show it. It is no part of the API, and may
change."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from webapp.schemas.predictions import Making

_MOST_CHARACTERS = 20_000  # of a picture of 28×28 pixels, which takes a tenth

Shape = tuple[int, int]
"""Height and width."""

WindowFrame = tuple[int, int, int, int, int, int]
"""What the cell at (row, column) reads: height × width cells, the first of them at
(row × down − top, column × right − left), as height, width, down, right, top, left."""


class MapRequest(Struct, kw_only=True, forbid_unknown_fields=True):
    """A map of a stage."""

    seen: Annotated[str, Meta(max_length=_MOST_CHARACTERS)]
    """The model's 28×28 input, as an explanation has it."""
    stage: Annotated[str, Meta(max_length=200)]
    index: Annotated[int, Meta(ge=0)]
    """Of the map, or of the unit."""


class MadeMap(Struct, kw_only=True):
    """A map of a stage, and what it was made of. All numbers of a map are in one list, row by row.

    A unit of a dense layer is a map of one cell; units that are read are one map of rows of 32, the
    last of which may be shorter. A unit of a recurrent layer has a row for each row of the picture.
    """

    kind: Making
    source: str
    """The stage that was read; empty for the pixels."""
    version: str
    """Of the model."""
    count: int
    """Of the stage's maps or units."""
    values: list[float]
    """Of the stage's map."""
    shape: Shape
    inputs: list[list[float]]
    """The maps that were read, in the form in which they were; for `largest` and `same` that of the
    same index."""
    input_shape: Shape
    window: WindowFrame
    weights: list[list[float]] = []
    """For `sum`: of each input, as large as the window."""
    bias: float = 0.0
    sums: list[float] = []
    """For `sum`: with the bias, before all that follows."""
    sums_shape: Shape = (0, 0)
    relu: bool = False
    """Whether what is below 0 became 0."""
    pool: WindowFrame | None = None
    """The part of the sums of which the largest was kept."""
    rounded: bool = False
    """Whether the values were rounded to one of 256 steps."""
    forward: bool = True
    """For `rows`: whether only the rows up to a value's own count for it."""
