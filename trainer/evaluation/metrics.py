"""Measuring answers against the truth."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trainer.data.samples import NOT_A_DIGIT, Samples, Split
from trainer.data.source import Source
from trainer.evaluation.calibration import calibration_error, reliability
from trainer.recognition.bundle import Evaluation, Rejection, WrongAnswer
from trainer.recognition.image import as_data_url
from trainer.recognition.prediction import DIGITS, Floats, digit_probabilities, digit_score
from trainer.recognition.preprocess import Pixels
from trainer.recognition.recognizer import Recognizer

_BATCH = 1024
_GALLERY = 24  # wrong answers that a card shows

Labels = NDArray[np.int64]


def evaluate(recognizer: Recognizer, source: Source, split: Split) -> Evaluation | Rejection:
    """Measure a bundle on one part of a data set, through ONNX Runtime."""
    return measure(recognizer, source.load(split), str(source.whole), split)


def measure(
    recognizer: Recognizer, samples: Samples, data: str, split: Split
) -> Evaluation | Rejection:
    """How well digits are read, or, where the samples hold none, how well they are rejected.

    A digit in which `preprocess` found nothing is read wrongly and rejected.
    """
    card = recognizer.card
    logits = all_logits(recognizer, samples.pixels)
    rejected = (digit_score(logits) < card.rejection_threshold) | ~samples.has_ink
    digits = samples.labels != NOT_A_DIGIT
    if not digits.any():
        return Rejection(
            data=data,
            split=split,
            pictures=len(samples),
            sha256=samples.sha256(),
            rejected=float(rejected.mean()),
        )
    probabilities = digit_probabilities(logits, card.temperature)
    read = digits & samples.has_ink
    matrix = confusion(samples.labels[read], probabilities[read].argmax(axis=1))
    truths = np.bincount(samples.labels[digits], minlength=DIGITS)
    return Evaluation(
        data=data,
        split=split,
        pictures=int(digits.sum()),
        sha256=samples.sha256(),
        accuracy=float(np.trace(matrix) / digits.sum()),
        per_class=(np.diag(matrix) / np.maximum(truths, 1)).tolist(),
        confusion=matrix.tolist(),
        calibration_error=calibration_error(probabilities[read], samples.labels[read]),
        reliability=reliability(probabilities[read], samples.labels[read]),
        rejected=float(rejected[digits].mean()),
        wrong=wrong_answers(probabilities, samples, f"{data} {split}", read)[:_GALLERY],
    )


def wrong_answers(
    probabilities: Floats, samples: Samples, name: str, read: NDArray[np.bool_]
) -> list[WrongAnswer]:
    """Every wrong answer among those pictures that were `read`, the surest first.

    `probabilities` are [n, 10]; `name` is what the samples are called where they have no files.
    """
    answers, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    return [
        WrongAnswer(
            where=f"{name} {index}" if samples.files is None else str(samples.files[index]),
            truth=int(samples.labels[index]),
            answer=int(answers[index]),
            confidence=float(confidence[index]),
            seen=as_data_url(samples.pixels[index]),
        )
        for index in surest_errors(probabilities, samples.labels, read).tolist()
    ]


def surest_errors(probabilities: Floats, labels: Labels, read: NDArray[np.bool_]) -> Labels:
    """Indices of the wrong answers among those pictures that were `read`, the surest first."""
    confidence = probabilities.max(axis=1)
    wrong = np.flatnonzero(read & (probabilities.argmax(axis=1) != labels))
    return wrong[np.argsort(-confidence[wrong], kind="stable")]


def all_logits(recognizer: Recognizer, pixels: Pixels) -> Floats:
    """Logits of any number of pictures, in batches: uint8 [n, 28, 28] to float64 [n, 10 or 11]."""
    batches = range(0, len(pixels), _BATCH)
    return np.concatenate([recognizer.logits(pixels[i : i + _BATCH]) for i in batches])


def confusion(truth: Labels, answers: Labels) -> Labels:
    """Count answers by truth: int64 [10, 10], rows are the truth."""
    matrix = np.zeros((DIGITS, DIGITS), np.int64)
    np.add.at(matrix, (truth, answers), 1)
    return matrix
