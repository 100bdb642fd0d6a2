"""How well readers reject non-digits: letters, symbols, and blank inputs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from trainer.data.samples import Samples
from trainer.data.strokes.records import Record
from trainer.evaluation.benchmark.readers import Reader
from trainer.evaluation.benchmark.rendered_samples import BenchmarkSamples, draw_all_at_once
from trainer.evaluation.benchmark.results import OodMetrics
from trainer.evaluation.calibration import REJECTED_SHARE
from trainer.evaluation.metrics import auroc
from trainer.recognition.array_types import Floats, Pixels
from trainer.recognition.preprocess import EmptyDrawing
from trainer.recognition.recognizer import Recognizer


@dataclass(frozen=True, slots=True)
class LetterRejection:
    """How often letters and symbols are rejected."""

    by_reader: dict[str, OodMetrics]
    """By the reader's name."""
    by_letter: dict[str, float]
    """Share that the first reader rejects with its own threshold, 0..1, by letter or symbol."""
    counts: dict[str, int]
    """Number of samples, by letter or symbol."""


def ood_metrics(
    readers: Sequence[Reader], digits: BenchmarkSamples, letters: Sequence[Record], seed: int
) -> LetterRejection:
    """Out-of-distribution metrics of digits against letters and symbols.

    `digits` are those of `draw_all_at_once`, and letters are drawn in the same way.
    """
    samples = (digits, draw_all_at_once(letters, seed))
    by_reader: dict[str, OodMetrics] = {}
    rejected: dict[str, list[bool]] = defaultdict(list)
    for reader in readers:
        inside, outside = (_scores(reader, each.seen_as(reader.sees)) for each in samples)
        threshold = float(np.quantile(inside, REJECTED_SHARE))
        by_reader[reader.name] = OodMetrics(
            auroc=auroc(inside, outside),
            rejected=float((outside < threshold).mean()),
            rejected_by_card=float((outside < reader.threshold).mean()),
            digits_rejected_by_card=float((inside < reader.threshold).mean()),
        )
        if reader is readers[0]:
            for record, score in zip(letters, outside, strict=True):
                rejected[record.label].append(bool(score < reader.threshold))
    return LetterRejection(
        by_reader,
        by_letter={label: float(np.mean(rejected[label])) for label in sorted(rejected)},
        counts={label: len(rejected[label]) for label in sorted(rejected)},
    )


def blank_inputs(recognizer: Recognizer) -> dict[str, str]:
    """The prediction for a blank sheet, a dot and a speck: a digit, or the reason for none."""
    blank = np.full((280, 280), 255, np.uint8)
    dot, speck = blank.copy(), blank.copy()
    cv2.circle(dot, (140, 140), 8, 0, -1, cv2.LINE_AA)
    speck[97:99, 201:203] = 40
    pictures = {"blank sheet": blank, "single dot": dot, "single speck": speck}
    return {name: _in_words(recognizer, picture) for name, picture in pictures.items()}


def _in_words(recognizer: Recognizer, picture: Pixels) -> str:
    try:
        prediction = recognizer.read(picture)
    except EmptyDrawing:
        return "empty drawing"
    return f"{prediction.digit}" if prediction.is_digit else "not a digit"


def _scores(reader: Reader, samples: Samples) -> Floats:
    """The digit scores, 0 without ink: float64 [n]."""
    _, scores = reader.read(samples.pixels)
    return np.where(samples.has_ink, scores, 0.0)
