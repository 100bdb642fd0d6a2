"""The answer to one picture, and what logits mean."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainer.recognition.preprocess import Prepared

Floats = NDArray[np.float64]

DIGITS = 10


@dataclass(frozen=True, slots=True)
class DigitPrediction:
    """The answer to one picture.

    `probabilities` is float64 [10] and sums to 1. `digit_score`, 0..1, says how much it looks like
    a digit at all; below the card's threshold `is_digit` is false.
    """

    prepared: Prepared
    probabilities: Floats
    digit_score: float
    is_digit: bool

    @property
    def digit(self) -> int:
        return int(self.probabilities.argmax())

    @property
    def confidence(self) -> float:
        return float(self.probabilities.max())


def digit_score(logits: Floats) -> Floats:
    """How much each of logits [..., 10 or 11] looks like a digit at all: [...] in 0..1.

    The share of the ten digits in the softmax over all eleven classes: a picture between two digits
    keeps a high score. A model that never learned what is not a digit has ten logits; with an
    eleventh of 0 the share orders pictures as the energy score does (Liu et al. 2020).
    """
    other = logits[..., DIGITS] if logits.shape[-1] > DIGITS else 0.0
    evidence = np.logaddexp.reduce(logits[..., :DIGITS], axis=-1) - other
    return np.exp(-np.logaddexp(0, -evidence))


def digit_probabilities(logits: Floats, temperature: float) -> Floats:
    """The probability of each digit, given that it is one: [..., 10 or 11] to [..., 10]."""
    return softmax(logits[..., :DIGITS] / temperature)


def softmax(logits: Floats) -> Floats:
    """Over the last axis."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)
