"""Joining the segments of a number into the digits that read best."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from trainer.recognition.prediction import DigitPrediction
from trainer.recognition.segmentation.candidates import Candidate

CUT_COST = 0.75
"""Cost of a digit that has to be cut off from the one before it, in units of log likelihood."""

WIDTH_COST = 2.0
"""Penalty for wide digits, in units of log likelihood: it multiplies the square of (width - height)
/ height. Few digits are wider than high, but most pairs of digits are."""

_MIN_PROBABILITY = 1e-6  # assigned to segments that cannot be read at all


@dataclass(frozen=True, slots=True)
class NumberPrediction:
    """The prediction for an image of a number."""

    digits: list[DigitPrediction]
    """At least one digit, from left to right."""
    is_number: bool
    """Whether all segments were read, and their mean digit score reaches the card's threshold."""

    @property
    def text(self) -> str:
        """The digits as text, such as "407"."""
        return "".join(str(digit.digit) for digit in self.digits)

    @property
    def confidence(self) -> float:
        """The probability, 0..1, that all digits are right."""
        return float(np.prod([digit.confidence for digit in self.digits]))

    @property
    def digit_score(self) -> float:
        """The geometric mean of the digit scores, 0..1."""
        return mean_score(self.digits)


def mean_score(digits: list[DigitPrediction]) -> float:
    """The geometric mean of the digit scores of at least one digit, 0..1."""
    scores = [max(digit.digit_score, _MIN_PROBABILITY) for digit in digits]
    return float(np.exp(np.log(scores).mean()))


def best_path(
    predictions: Mapping[Candidate, DigitPrediction], after_cuts: Collection[int]
) -> list[Candidate]:
    """Choose the consecutive candidates with the greatest total log likelihood.

    Dynamic programming over the segments. Segments at which no candidate ends are skipped at a
    high cost. Candidates that begin with one of the segments `after_cuts` pay `CUT_COST`.
    """
    count = max((last for _, last in predictions), default=0)
    best: list[tuple[float, list[Candidate]]] = [(0.0, [])]
    for segment in range(1, count + 1):
        options: list[tuple[float, list[Candidate]]] = []
        for candidate, prediction in predictions.items():
            first, last = candidate
            if last == segment:
                total, path = best[first - 1]
                cost = CUT_COST if first in after_cuts else 0.0
                options.append((total + log_likelihood(prediction) - cost, [*path, candidate]))
        if not options:
            total, path = best[segment - 1]
            options = [(total + float(np.log(_MIN_PROBABILITY)), path)]
        best.append(max(options, key=lambda option: option[0]))
    return best[count][1]


def is_unambiguous(prediction: DigitPrediction) -> bool:
    """Whether no two digits could be more likely in its place, as they would have to be cut."""
    return log_likelihood(prediction) >= -CUT_COST


def uncovered(candidates: Collection[Candidate], count: int) -> set[int]:
    """The numbers of the `count` segments that are in none of these candidates."""
    covered = {segment for first, last in candidates for segment in range(first, last + 1)}
    return set(range(1, count + 1)) - covered


def log_likelihood(prediction: DigitPrediction) -> float:
    """The log of confidence times digit score, less `WIDTH_COST` if it is wider than high."""
    _, _, width, height = prediction.prepared.box
    excess = max(0.0, width / height - 1)
    likelihood = prediction.confidence * prediction.digit_score * np.exp(-WIDTH_COST * excess**2)
    return float(np.log(max(likelihood, _MIN_PROBABILITY)))
