"""What the learn page shows before a hand has drawn; `python -m tests.learn --still` writes it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import msgspec

from trainer.recognition.bundle import ReliabilityBin
from webapp.schemas import Rows, Ways

_BINS = 15  # as in `trainer.evaluation.calibration`


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a shipped model says of the drawing."""

    model: str
    digit: int
    is_digit: bool
    confidence: float
    """0..1."""
    digit_score: float
    """0..1."""


class Threshold(msgspec.Struct, frozen=True):
    """What a threshold of the digit score rejects, in test samples: shares, 0..1."""

    threshold: float
    digits: float
    """Of drawn digits, which are lost."""
    letters: float
    """Of letters and symbols, which should be rejected."""


class Kernel(msgspec.Struct, frozen=True):
    """A window of the first layer of LeNet-5."""

    weights: list[float]
    """25, row by row, for pixels of 0..1."""
    bias: float
    picture: str
    """The weights as a PNG data URL; zero is the middle gray."""


class Still(msgspec.Struct, frozen=True, kw_only=True):
    """A drawing on the sheet, and what the shipped models say of it."""

    strokes: list[list[tuple[int, int]]]
    """Points of each stroke, in thousandths of the sheet."""
    pen: int
    ways: Ways
    rows: Rows
    answers: list[Answer]
    """Of each model, the default one first."""

    kernels: list[Kernel]
    """Of each map."""
    thresholds: list[Threshold]
    """Of the shipped model, in ascending order."""
    shipped_threshold: float
    reliability: list[ReliabilityBin]
    """Of the shipped model on the test writers' drawings, in ascending order of confidence."""

    @property
    def groups(self) -> list[ReliabilityBin | None]:
        """The bins by confidence, of equal width from 0 to 1; None where there was no answer."""
        found: list[ReliabilityBin | None] = [None] * _BINS
        for each in self.reliability:
            found[min(_BINS - 1, int(_BINS * each.confidence))] = each
        return found

    @property
    def story(self) -> dict[str, object]:
        """What scripts begin with; they need no pixels of the tutorials' way."""
        ways = msgspec.to_builtins(self.ways)
        del ways["scaled"]["pixels"]
        return {"strokes": self.strokes, "pen": self.pen, "ways": ways}

    @property
    def paths(self) -> list[str]:
        """SVG path data of each stroke."""
        return ["M" + "L".join(f"{x} {y}" for x, y in line) for line in self.strokes]


@cache
def still() -> Still:
    """The drawing that the page begins with."""
    return msgspec.json.decode(Path(__file__).with_name("learn.json").read_bytes(), type=Still)
