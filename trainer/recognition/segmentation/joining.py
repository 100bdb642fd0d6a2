"""Reading several digits: the best way to join the parts of a picture into digits."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from trainer.recognition.prediction import DigitPrediction

CUT_COST = 0.75
"""Of a digit that has to be cut off from the one before it, in natural logarithms."""

WIDTH_COST = 2.0
"""Of the square of what a digit is wider than high, in heights: few are, most pairs are."""

Run = tuple[int, int]
"""The first and the last of the parts that may be one digit."""

_LEAST = 1e-6  # probability of what cannot be read at all


@dataclass(frozen=True, slots=True)
class NumberPrediction:
    """The digits of a picture from left to right; there is one at least."""

    digits: list[DigitPrediction]
    is_number: bool
    """Whether, by the mean of their digit scores, they look like digits."""

    @property
    def text(self) -> str:
        return "".join(str(digit.digit) for digit in self.digits)

    @property
    def confidence(self) -> float:
        """The probability that every digit is right."""
        return float(np.prod([digit.confidence for digit in self.digits]))

    @property
    def digit_score(self) -> float:
        """The geometric mean of the digits' scores."""
        return mean_score(self.digits)


def mean_score(digits: list[DigitPrediction]) -> float:
    scores = [max(digit.digit_score, _LEAST) for digit in digits]
    return float(np.exp(np.log(scores).mean()))


def best_path(readings: Mapping[Run, DigitPrediction], cuts: Collection[int]) -> list[Run]:
    """Choose runs of parts that follow each other and read best as digits.

    Dynamic programming over the parts: the sum of what the digits are worth is greatest. Parts at
    which no run ends are left out. A digit that begins with one of `cuts` is cut from the one
    before it.
    """
    parts = max((last for _, last in readings), default=0)
    best: list[tuple[float, list[Run]]] = [(0.0, [])]
    for part in range(1, parts + 1):
        options: list[tuple[float, list[Run]]] = []
        for run, reading in readings.items():
            first, last = run
            if last == part:
                total, path = best[first - 1]
                cost = CUT_COST if first in cuts else 0.0
                options.append((total + worth(reading) - cost, [*path, run]))
        if not options:
            total, path = best[part - 1]
            options = [(total + float(np.log(_LEAST)), path)]
        best.append(max(options, key=lambda option: option[0]))
    return best[parts][1]


def reads_well(reading: DigitPrediction) -> bool:
    """Whether two digits in its place could not be worth more, as they would have to be cut."""
    return worth(reading) >= -CUT_COST


def outside(runs: Collection[Run], count: int) -> set[int]:
    """Which of `count` parts are in none of these runs."""
    inside = {part for first, last in runs for part in range(first, last + 1)}
    return set(range(1, count + 1)) - inside


def worth(reading: DigitPrediction) -> float:
    """The logarithms of probability and digit score, less a cost for being wide."""
    _, _, width, height = reading.prepared.box
    excess = max(0.0, width / height - 1)
    likely = reading.confidence * reading.digit_score * np.exp(-WIDTH_COST * excess**2)
    return float(np.log(max(likely, _LEAST)))
