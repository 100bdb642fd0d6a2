"""Measuring answers against the truth, and making probabilities mean what they say."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trainer.bundle import Evaluation, Recogniser
from trainer.bundle.recogniser import Floats, digit_score, softmax
from trainer.data import Source, Split
from trainer.preprocess import Pixels

CLASSES = 10
CALIBRATION_BINS = 15
REJECTED_SHARE = 0.01  # of true digits: what the rejection threshold may cost

_BATCH = 1024

Labels = NDArray[np.int64]


def evaluate(recogniser: Recogniser, source: Source, split: Split) -> Evaluation:
    """Measure a bundle on one part of a data set, through ONNX Runtime."""
    digits = source.load(split)
    logits = all_logits(recogniser, digits.pixels) / recogniser.card.temperature
    probabilities = softmax(logits)
    matrix = confusion(digits.labels, probabilities.argmax(axis=1))
    truths = matrix.sum(axis=1)
    return Evaluation(
        data=source.name,
        split=split,
        pictures=len(digits),
        sha256=digits.sha256(),
        accuracy=float(np.trace(matrix) / matrix.sum()),
        per_class=(np.diag(matrix) / np.maximum(truths, 1)).tolist(),
        confusion=matrix.tolist(),
        calibration_error=calibration_error(probabilities, digits.labels),
        rejected=float((digit_score(logits) < recogniser.card.rejection_threshold).mean()),
    )


def all_logits(recogniser: Recogniser, pixels: Pixels) -> Floats:
    """Logits of any number of pictures, in batches: uint8 [n, 28, 28] to float64 [n, 10]."""
    batches = range(0, len(pixels), _BATCH)
    return np.concatenate([recogniser.logits(pixels[i : i + _BATCH]) for i in batches])


def confusion(truth: Labels, answers: Labels) -> Labels:
    """Count answers by truth: int64 [10, 10], rows are the truth."""
    matrix = np.zeros((CLASSES, CLASSES), np.int64)
    np.add.at(matrix, (truth, answers), 1)
    return matrix


def calibration_error(probabilities: Floats, truth: Labels) -> float:
    """Expected calibration error in 15 bins of equal width (Guo et al. 2017)."""
    confidence = probabilities.max(axis=1)
    correct = probabilities.argmax(axis=1) == truth
    bins = np.minimum((confidence * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    gaps = [
        abs(correct[bins == b].mean() - confidence[bins == b].mean()) * (bins == b).mean()
        for b in np.unique(bins)
    ]
    return float(sum(gaps))


def fit_temperature(logits: Floats, truth: Labels) -> float:
    """Find the temperature of least negative log-likelihood (Guo et al. 2017).

    The likelihood has one minimum over the temperature, so a golden-section search finds it.
    """

    def loss(log_temperature: float) -> float:
        scaled = softmax(logits / np.exp(log_temperature))
        return float(-np.log(np.maximum(scaled[np.arange(len(truth)), truth], 1e-12)).mean())

    low, high, golden = np.log(0.05), np.log(20.0), (np.sqrt(5) - 1) / 2
    while high - low > 1e-3:
        left, right = high - golden * (high - low), low + golden * (high - low)
        low, high = (low, right) if loss(left) < loss(right) else (left, high)
    return float(np.exp((low + high) / 2))


def rejection_threshold(logits: Floats) -> float:
    """The digit score that 1 % of these true digits, as calibrated logits [n, 10], fall below."""
    return float(np.quantile(digit_score(logits), REJECTED_SHARE))
