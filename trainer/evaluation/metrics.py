"""Evaluation metrics: accuracy, confusion matrix, rejection, AUROC, and the worst errors."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trainer.data.parallel import in_threads
from trainer.data.samples import Samples, Split
from trainer.data.source import Source
from trainer.evaluation.calibration import calibration_error, reliability
from trainer.recognition.array_types import Floats, Labels, Pixels
from trainer.recognition.bundle import Evaluation, Rejection, WrongAnswer
from trainer.recognition.image import as_data_url
from trainer.recognition.labels import DIGITS, NOT_A_DIGIT
from trainer.recognition.prediction import digit_probabilities, digit_score
from trainer.recognition.recognizer import Recognizer

_BATCH_SIZE = 1024
_WRONG_ANSWERS = 24  # that a card contains at most


def evaluate(recognizer: Recognizer, source: Source, split: Split) -> Evaluation | Rejection:
    """Evaluate a bundle on one split of a data set, through ONNX Runtime.

    Raises `TrainerError` if the data set is missing or damaged.
    """
    return measure(recognizer, source.load(split), str(source.whole), split)


def measure(
    recognizer: Recognizer, samples: Samples, data: str, split: Split
) -> Evaluation | Rejection:
    """Evaluate on the digits among the samples; if there are none, measure how many are rejected.

    A digit in which `preprocess` found no ink counts as misclassified and rejected.
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
    classified = digits & samples.has_ink
    matrix = confusion(samples.labels[classified], probabilities[classified].argmax(axis=1))
    truths = np.bincount(samples.labels[digits], minlength=DIGITS)
    return Evaluation(
        data=data,
        split=split,
        pictures=int(digits.sum()),
        sha256=samples.sha256(),
        accuracy=float(np.trace(matrix) / digits.sum()),
        per_class=(np.diag(matrix) / np.maximum(truths, 1)).tolist(),
        confusion=matrix.tolist(),
        calibration_error=calibration_error(probabilities[classified], samples.labels[classified]),
        reliability=reliability(probabilities[classified], samples.labels[classified]),
        rejected=float(rejected[digits].mean()),
        wrong=wrong_answers(probabilities, samples, f"{data} {split}", classified)[:_WRONG_ANSWERS],
    )


def wrong_answers(
    probabilities: Floats, samples: Samples, name: str, read: NDArray[np.bool_]
) -> list[WrongAnswer]:
    """All misclassified samples among those that are `read`, the most confident first.

    `probabilities` is float64 [n, 10], `read` bool [n]. Samples without files are named by `name`
    and their index.
    """
    predicted, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    return [
        WrongAnswer(
            where=f"{name} {index}" if samples.files is None else str(samples.files[index]),
            truth=int(samples.labels[index]),
            answer=int(predicted[index]),
            confidence=float(confidence[index]),
            seen=as_data_url(samples.pixels[index]),
        )
        for index in surest_errors(probabilities, samples.labels, read).tolist()
    ]


def surest_errors(probabilities: Floats, labels: Labels, read: NDArray[np.bool_]) -> Labels:
    """Indices of the misclassified samples among those that are `read`, the most confident first.

    `probabilities` is float64 [n, 10], `labels` int64 [n], `read` bool [n]. Returns int64 [m].
    """
    confidence = probabilities.max(axis=1)
    wrong = np.flatnonzero(read & (probabilities.argmax(axis=1) != labels))
    return wrong[np.argsort(-confidence[wrong], kind="stable")]


def all_logits(recognizer: Recognizer, pixels: Pixels) -> Floats:
    """The logits of at least one image, in batches: uint8 [n, 28, 28] to float64 [n, 10 or 11]."""
    starts = range(0, len(pixels), _BATCH_SIZE)
    return np.concatenate(
        in_threads(lambda start: recognizer.logits(pixels[start : start + _BATCH_SIZE]), starts)
    )


def confusion(truth: Labels, predicted: Labels) -> NDArray[np.int64]:
    """The confusion matrix of digits: int64 [10, 10], rows are the truth, columns the prediction.

    Both arguments are int64 [n] in 0..9.
    """
    matrix = np.zeros((DIGITS, DIGITS), np.int64)
    np.add.at(matrix, (truth, predicted), 1)
    return matrix


def auroc(positive: Floats, negative: Floats) -> float:
    """Area under the ROC curve, 0..1: how often a positive sample scores higher than a negative.

    Ties count half. Arguments are scores, float64 [n] and [m], neither empty. Computed by ranks
    (Mann and Whitney 1947).
    """
    ordered = np.sort(negative)
    lower = np.searchsorted(ordered, positive, "left")
    lower_or_equal = np.searchsorted(ordered, positive, "right")
    return float((lower + lower_or_equal).mean() / 2 / len(negative))
