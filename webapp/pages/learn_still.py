"""What the learn page shows before a hand has drawn; `python -m tests.learn --still` writes it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import msgspec

from webapp.schemas import Rows, Ways


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a shipped model says of the drawing."""

    model: str
    digit: int
    is_digit: bool
    confidence: float
    """0..1."""


class Still(msgspec.Struct, frozen=True, kw_only=True):
    """A drawing on the sheet, and what the shipped models say of it."""

    strokes: list[list[tuple[int, int]]]
    """Points of each stroke, in thousandths of the sheet."""
    pen: int
    ways: Ways
    rows: Rows
    answers: list[Answer]
    """Of each model, the default one first."""

    @property
    def paths(self) -> list[str]:
        """SVG path data of each stroke."""
        return ["M" + "L".join(f"{x} {y}" for x, y in line) for line in self.strokes]


@cache
def still() -> Still:
    """The drawing that the page begins with."""
    return msgspec.json.decode(Path(__file__).with_name("learn.json").read_bytes(), type=Still)
