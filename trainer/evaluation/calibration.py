"""Calibration: temperature scaling, calibration error, and the rejection threshold."""

from __future__ import annotations

import numpy as np

from trainer.recognition.array_types import Floats, Labels
from trainer.recognition.bundle import ReliabilityBin
from trainer.recognition.prediction import digit_probabilities, digit_score

CALIBRATION_BINS = 15
"""Number of bins, of equal width in confidence."""

REJECTED_SHARE = 0.01
"""Share of all digits that the rejection threshold rejects at most."""

LARGEST_REJECTED_SHARE = 0.02
"""Share of the digits of any origin that it rejects at most."""

_MIN_PROBABILITY = 1e-12  # avoids the logarithm of 0
_MIN_TEMPERATURE, _MAX_TEMPERATURE = 0.05, 20.0  # range of the search
_TOLERANCE = 1e-3  # of the logarithm of the temperature


def reliability(probabilities: Floats, truth: Labels) -> list[ReliabilityBin]:
    """The reliability diagram: mean confidence and accuracy per bin of confidence.

    `probabilities` is float64 [n, 10], `truth` int64 [n] in 0..9. Empty bins are left out.
    """
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
    """Expected calibration error in 15 bins of equal width (Guo et al. 2017), 0..1.

    Arguments are those of `reliability`; the error of no samples is 0.
    """
    bins = reliability(probabilities, truth)
    return sum(abs(b.accuracy - b.confidence) * b.pictures for b in bins) / max(1, len(truth))


def fit_temperature(logits: Floats, truth: Labels) -> float:
    """Fit the temperature that minimizes the negative log likelihood (Guo et al. 2017).

    `logits` is float64 [n, 10 or 11], `truth` int64 [n] in 0..9. The negative log likelihood is
    unimodal in the temperature, so that a golden-section search finds the minimum.
    """

    def loss(log_temperature: float) -> float:
        scaled = digit_probabilities(logits, float(np.exp(log_temperature)))
        return float(
            -np.log(np.maximum(scaled[np.arange(len(truth)), truth], _MIN_PROBABILITY)).mean()
        )

    low, high = np.log(_MIN_TEMPERATURE), np.log(_MAX_TEMPERATURE)
    golden = (np.sqrt(5) - 1) / 2
    while high - low > _TOLERANCE:
        left, right = high - golden * (high - low), low + golden * (high - low)
        low, high = (low, right) if loss(left) < loss(right) else (left, high)
    return float(np.exp((low + high) / 2))


def rejection_threshold(*origins: Floats) -> float:
    """The largest digit score, 0..1, below which few of these digits lie.

    These are 1 % of all digits, and 2 % of the digits of each origin, such as a data set: what
    suits one origin may reject whole styles of another. An argument has the logits of an origin's
    digits, [n, 10 or 11].
    """
    scores = [digit_score(logits) for logits in origins]
    together = _quantile(np.concatenate(scores), REJECTED_SHARE)
    return min(together, *(_quantile(each, LARGEST_REJECTED_SHARE) for each in scores))


def _quantile(scores: Floats, share: float) -> float:
    """One of the scores, of which at most this share is lower."""
    return float(np.quantile(scores, share, method="lower"))


def rejected_unseen(*origins: Floats) -> list[float]:
    """The share of each origin's digits that is rejected, 0..1, by a threshold of all others.

    Arguments are those of `rejection_threshold`; there are at least two.
    """
    shares = []
    for index, logits in enumerate(origins):
        threshold = rejection_threshold(*origins[:index], *origins[index + 1 :])
        shares.append(float((digit_score(logits) < threshold).mean()))
    return shares
