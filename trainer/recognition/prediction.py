"""Predictions, and how logits become probabilities and digit scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from trainer.recognition.array_types import Floats
from trainer.recognition.labels import DIGITS
from trainer.recognition.preprocess import Prepared
from trainer.recognition.preprocess.components import Box

SURE = 0.98
LIKELY = 0.85
"""Minimum confidence of the certainties `sure` and `likely`."""

CLEAR = 0.8
"""Digit score of what is clearly a digit. The thresholds of some models are lower, so that they
reject few digits; nothing below this is `sure`."""

Certainty = Literal["sure", "likely", "unsure", "not_a_digit"]

_MIN_SCORE = 1e-6  # of a digit of a number, in the mean


@dataclass(frozen=True, slots=True)
class DigitPrediction:
    """The prediction for one image."""

    prepared: Prepared
    """What the model was given."""
    probabilities: Floats
    """Probability of each digit, given that it is one: float64 [10], sum 1. In a number, also given
    the row that it stands in."""
    digit_score: float
    """How much the image looks like a digit at all, 0..1."""
    is_digit: bool
    """Whether the score reaches the card's rejection threshold."""

    @property
    def digit(self) -> int:
        """The most probable digit, 0..9."""
        return int(self.probabilities.argmax())

    @property
    def confidence(self) -> float:
        """The probability of that digit, 0..1."""
        return float(self.probabilities.max())

    @property
    def is_clear(self) -> bool:
        """Whether it is clearly a digit, whichever one."""
        return self.is_digit and self.digit_score >= CLEAR


@dataclass(frozen=True, slots=True)
class Unread:
    """Ink that was not read as a digit."""

    box: Box
    """Bounding box of the ink, (x, y, width, height) in pixels of the image that was sent."""
    reason: Literal["mark", "not_a_digit"]
    """`mark` if it is a dot, a dash, a slash or another mark by its shape and place."""


@dataclass(frozen=True, slots=True)
class NumberPrediction:
    """The prediction for an image of a number."""

    digits: list[DigitPrediction]
    """At least one digit, in reading order."""
    is_number: bool
    """Whether there are digits, and most of the ink is of them."""
    confidence: float
    """The probability, 0..1, that these are the digits that were written, and in these rows."""
    rows: list[int]
    """The row of each digit, counted from 0 at the top."""
    unread: list[Unread] = field(default_factory=list)
    """The ink that is not of these digits, except for specks."""
    doubts: Mapping[str, float] = field(default_factory=dict)
    """The features that the confidence was computed from, by name, for its calibration."""

    @classmethod
    def of_digit(cls, digit: DigitPrediction) -> NumberPrediction:
        """The prediction for an image of one digit."""
        return cls([digit], digit.is_digit, digit.confidence, [0])

    @property
    def text(self) -> str:
        """The digits as text, such as "407", with a line feed between rows."""
        lines: dict[int, str] = {}
        for row, digit in zip(self.rows, self.digits, strict=True):
            lines[row] = lines.get(row, "") + str(digit.digit)
        return "\n".join(lines.values())

    @property
    def least_certain(self) -> DigitPrediction:
        """The digit with the lowest confidence."""
        return min(self.digits, key=lambda each: each.confidence)

    @property
    def digit_score(self) -> float:
        """The geometric mean of the digit scores, 0..1."""
        return mean_score(self.digits)

    @property
    def certainty(self) -> Certainty:
        """The confidence in words; `sure` only of clear digits, where no ink was left unread."""
        if not self.is_number:
            return "not_a_digit"
        is_clear = all(digit.is_clear for digit in self.digits)
        if self.confidence >= SURE and is_clear and not self.unread:
            return "sure"
        return "likely" if self.confidence >= LIKELY else "unsure"


def mean_score(digits: Sequence[DigitPrediction]) -> float:
    """The geometric mean of the digit scores of at least one digit, 0..1."""
    scores = [max(digit.digit_score, _MIN_SCORE) for digit in digits]
    if len(scores) == 1:
        return scores[0]
    return float(np.exp(np.log(scores).mean()))


def digit_score(logits: Floats) -> Floats:
    """How much images look like a digit at all: logits [..., 10 or 11] to scores [...], 0..1.

    The share of the ten digits in the softmax over all eleven classes, so that an image between two
    digits still gets a high score. A model without a class for non-digits has ten logits; with an
    eleventh logit of 0 the score ranks images as the energy score does (Liu et al. 2020).
    """
    other = logits[..., DIGITS] if logits.shape[-1] > DIGITS else 0.0
    evidence = np.logaddexp.reduce(logits[..., :DIGITS], axis=-1) - other
    return np.exp(-np.logaddexp(0, -evidence))


def digit_probabilities(logits: Floats, temperature: float) -> Floats:
    """The probability of each digit, given that it is one: [..., 10 or 11] to [..., 10].

    The logits are divided by `temperature` (Guo et al. 2017).
    """
    return softmax(logits[..., :DIGITS] / temperature)


def softmax(logits: Floats) -> Floats:
    """Softmax over the last axis; any shape."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)
