"""Reading several digits: the best way to join the parts of a picture into digits."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from trainer.bundle.reading import Reading

CUT_COST = 1.0
"""Of a digit that has to be cut off from the one before it, in natural logarithms."""

WIDTH_COST = 6.0
"""Of the square of what a digit is wider than high, in heights: few are, most pairs are."""

_LEAST = 1e-6  # probability of what cannot be read at all


@dataclass(frozen=True, slots=True)
class NumberReading:
    """The digits of a picture from left to right; there is one at least."""

    digits: list[Reading]
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


def mean_score(digits: list[Reading]) -> float:
    scores = [max(digit.digit_score, _LEAST) for digit in digits]
    return float(np.exp(np.log(scores).mean()))


def best_path(runs: dict[tuple[int, int], Reading], cuts: Collection[int]) -> list[Reading]:
    """Choose runs of parts, (first, last), that follow each other and read best as digits.

    Dynamic programming over the parts: the sum of what the digits are worth is greatest. Parts that
    no run holds are left out. A digit that begins with one of `cuts` is cut from the one before it.
    """
    parts = max((last for _, last in runs), default=0)
    best: list[tuple[float, list[Reading]]] = [(0.0, [])]
    for part in range(1, parts + 1):
        worth, path = best[part - 1]
        options = [(worth + float(np.log(_LEAST)), path)]
        for (first, last), reading in runs.items():
            if last == part:
                worth, path = best[first - 1]
                cut = CUT_COST if first in cuts else 0.0
                options.append((worth + _worth(reading) - cut, [*path, reading]))
        best.append(max(options, key=lambda option: option[0]))
    return best[parts][1]


def _worth(reading: Reading) -> float:
    """The logarithms of probability and digit score, less a cost for being wide."""
    likely = max(reading.confidence * reading.digit_score, _LEAST)
    _, _, width, height = reading.prepared.box
    excess = max(0.0, width / height - 1)
    return float(np.log(likely)) - WIDTH_COST * excess**2
