"""The types of fields that requests and answers share."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from webapp.translatable import N_

MAX_POINTS = 20_000
"""Largest number of points in the strokes of one drawing."""

MAX_COORDINATE = 1e6
"""Largest coordinate of strokes, as in an import."""

Probability = Annotated[float, Meta(ge=0, le=1)]
Digit = Annotated[int, Meta(ge=0, le=9)]
Point = Annotated[
    list[float],
    Meta(
        min_length=2,
        max_length=4,
        description=N_("x, y and, if known, pressure and time in milliseconds"),
    ),
]
Line = Annotated[list[Point], Meta(max_length=10_000)]
Strokes = Annotated[
    list[Line],
    Meta(
        max_length=1_000,
        description=N_("The pen's path, if known."),
    ),
]
PenWidth = Annotated[float, Meta(gt=0, le=MAX_COORDINATE)]
NotADigit = Literal["not_a_digit"]
NOT_A_DIGIT: NotADigit = "not_a_digit"
"""The answer or label of a drawing that is not a digit."""

MAX_NUMBER_CHARS = 64
"""Largest length of a number's text, with a line feed between rows."""

Certainty = Literal["sure", "likely", "unsure", NotADigit]
Mode = Literal["digit", "number", "auto"]
