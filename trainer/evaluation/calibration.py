"""Making probabilities mean what they say, and saying how far they do."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trainer.recognition.bundle import ReliabilityBin
from trainer.recognition.prediction import Floats, digit_probabilities, digit_score

CALIBRATION_BINS = 15
REJECTED_SHARE = 0.01  # of true digits: what the rejection threshold may cost

Labels = NDArray[np.int64]


def reliability(probabilities: Floats, truth: Labels) -> list[ReliabilityBin]:
    """The reliability diagram: answers in 15 bins of equal width by their confidence."""
    confidence = probabilities.max(axis=1)
    correct = probabilities.argmax(axis=1) == truth
    bins = np.minimum((confidence * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    return [
        ReliabilityBin(
            pictures=int((bins == b).sum()),
            confidence=float(confidence[bins == b].mean()),
            accuracy=float(correct[bins == b].mean()),
        )
        for b in np.unique(bins)
    ]


def calibration_error(probabilities: Floats, truth: Labels) -> float:
    """Expected calibration error in 15 bins of equal width (Guo et al. 2017)."""
    bins = reliability(probabilities, truth)
    return sum(abs(b.accuracy - b.confidence) * b.pictures for b in bins) / max(1, len(truth))


def fit_temperature(logits: Floats, truth: Labels) -> float:
    """Find the temperature of least negative log-likelihood among the digits (Guo et al. 2017).

    The likelihood has one minimum over the temperature, so a golden-section search finds it.
    """

    def loss(log_temperature: float) -> float:
        scaled = digit_probabilities(logits, float(np.exp(log_temperature)))
        return float(-np.log(np.maximum(scaled[np.arange(len(truth)), truth], 1e-12)).mean())

    low, high, golden = np.log(0.05), np.log(20.0), (np.sqrt(5) - 1) / 2
    while high - low > 1e-3:
        left, right = high - golden * (high - low), low + golden * (high - low)
        low, high = (low, right) if loss(left) < loss(right) else (left, high)
    return float(np.exp((low + high) / 2))


def rejection_threshold(logits: Floats) -> float:
    """The digit score that 1 % of these true digits, as logits [n, 10 or 11], fall below."""
    return float(np.quantile(digit_score(logits), REJECTED_SHARE))
