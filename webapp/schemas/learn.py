"""What the learn page asks, and what it is told. It is no part of the API, and may change."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from webapp.schemas.fields import Digit, PenWidth, Probability, Strokes

Level = Annotated[int, Meta(ge=0, le=255)]
Color = tuple[Level, Level, Level]


class SheetRequest(Struct, kw_only=True, forbid_unknown_fields=True):
    """A drawing where it is on the sheet, whose sides are 1,000 long."""

    strokes: Strokes
    pen: PenWidth
    ink: Color = (0, 0, 0)
    """On white paper."""
    invert: bool = True
    """Whether the tutorials' way exchanges light and dark."""


class Look(Struct, kw_only=True):
    """What a model was given, and its answer."""

    pixels: list[Level]
    """784, row by row."""
    seen: str
    """The same as a PNG data URL."""
    digit: Digit
    probabilities: list[Probability]


class Ways(Struct, kw_only=True):
    """LeNet-5's answers to one sheet that was prepared in two ways."""

    scaled: Look
    """The tutorials' way: the whole sheet."""
    centered: Look | None
    """MNIST's way; None where there is too little ink."""
    box: list[float] | None
    """x, y, width and height of the ink on the sheet, whose sides are 1,000 long."""
    maps: str
    """The first layer's maps of the centered digit as a PNG data URL; empty without one."""


class Rows(Struct, kw_only=True):
    """How a model's answer forms as it is shown row after row of the centered digit."""

    probabilities: list[list[Probability]]
    """After each of the 28 rows; the rows that were not shown yet were blank."""
    states: str
    """The model's state after each row, a row of pixels each, as a PNG data URL."""
