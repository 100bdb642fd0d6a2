"""Predictions, and how logits become probabilities and digit scores."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trainer.recognition.array_types import Floats
from trainer.recognition.labels import DIGITS
from trainer.recognition.preprocess import Prepared


@dataclass(frozen=True, slots=True)
class DigitPrediction:
    """The prediction for one image."""

    prepared: Prepared
    """What the model was given."""
    probabilities: Floats
    """Probability of each digit, given that it is one: float64 [10], sum 1."""
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
