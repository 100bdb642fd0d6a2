"""Calibration of numbers: the logistic model of their confidence, and how well it is calibrated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from trainer.data.datasets import DATA_SETS
from trainer.data.datasets.corrections import Corrected, corrected_numbers
from trainer.data.parallel import in_threads
from trainer.data.rendering.numbers import MARKS
from trainer.data.rendering.rendered_numbers import NumberRenderer
from trainer.data.samples import Split
from trainer.data.strokes.records import Record, read_split
from trainer.evaluation.calibration import calibration_error, reliability
from trainer.progress import ReportProgress
from trainer.recognition.array_types import Floats, Pixels
from trainer.recognition.bundle import NumberCalibration, NumberReliability
from trainer.recognition.image import Picture, decode
from trainer.recognition.preprocess import EmptyDrawing
from trainer.recognition.recognizer import Recognizer
from trainer.recognition.segmentation.confidence import NAMES
from trainer.recognition.segmentation.segments import TooManyPieces

KINDS = ("apart", "touching", "one mark", "two rows")
"""The kinds of numbers that are measured."""

CORRECTED = "corrected"
"""The kind of the numbers that people drew and labeled, where there are some."""

LENGTHS = range(2, 7)
"""Numbers of digits in a row."""

_RIDGE = 3e-3  # of the squares of the weights, relative to the mean loss of a number
_STEPS = 40  # of Newton's method
_MEASURED = 1_000_003  # added to the seed of the numbers that only measure


@dataclass(frozen=True, slots=True)
class NumbersRead:
    """How numbers of one kind were read."""

    doubts: Floats
    """The features of the confidence, float64 [n, features]; 0 if no digit was read."""
    confidence: Floats
    """float64 [n], 0 if no digit was read."""
    right: NDArray[np.bool_]
    """Whether all digits and their rows are right: bool [n]."""
    silent: NDArray[np.bool_]
    """Whether the answer is sure and names no ink that was not read: bool [n]."""


def marks_of(split: Split, folder: Path) -> list[Record]:
    """The marks of a split's writers. Raises `TrainerError` as `read_split` does."""
    return [each for each in read_split(folder, "letters", split) if each.label in MARKS]


def read_kind(
    recognizer: Recognizer,
    kind: str,
    digits: Sequence[Record],
    marks: Sequence[Record],
    count: int,
    seed: int,
) -> NumbersRead:
    """Read `count` numbers of one of `KINDS`, of 2 to 6 digits in a row."""

    def drawn(index: int) -> tuple[str, Picture]:
        text, pixels = draw_number(kind, digits, marks, seed, index)
        return text, Picture(Image.fromarray(pixels), 1.0)

    return read_all(recognizer, drawn, count)


def draw_number(
    kind: str, digits: Sequence[Record], marks: Sequence[Record], seed: int, index: int
) -> tuple[str, Pixels]:
    """The text and the picture of the number of one of `KINDS` with this index."""
    draw = NumberRenderer(
        digits,
        LENGTHS[index % len(LENGTHS)],
        touching=kind == "touching",
        marks=marks if kind == "one mark" else (),
        rows=2 if kind == "two rows" else 1,
    )
    return draw.draw(np.random.default_rng([seed, KINDS.index(kind), index]))


def read_corrected(recognizer: Recognizer, numbers: Sequence[Corrected]) -> NumbersRead:
    """Read drawings of numbers that people sent and labeled."""

    def stored(index: int) -> tuple[str, Picture]:
        return numbers[index].label, decode(numbers[index].picture)

    return read_all(recognizer, stored, len(numbers))


def read_all(
    recognizer: Recognizer, number: Callable[[int], tuple[str, Picture]], count: int
) -> NumbersRead:
    """Read `count` pictures of numbers: `number` gives the text and the picture of an index."""
    doubts = np.zeros((count, len(NAMES)))
    confidence = np.zeros(count)
    right, silent = np.zeros(count, bool), np.zeros(count, bool)

    def read(index: int) -> None:
        text, picture = number(index)
        try:
            found = recognizer.read_number(picture.image, picture.scale)
        except (EmptyDrawing, TooManyPieces):
            return
        if found.doubts:
            doubts[index] = [found.doubts[name] for name in NAMES]
            confidence[index] = found.confidence
            right[index] = found.text == text
            silent[index] = found.certainty == "sure"

    in_threads(read, range(count))
    return NumbersRead(doubts, confidence, right, silent)


def as_reliability(kind: str, read: NumbersRead) -> NumberReliability:
    """How well the confidence of numbers of one kind is calibrated."""
    # As probabilities of two answers, of which the first is right or wrong.
    answers = np.stack([read.confidence, np.full(len(read.right), -1.0)], axis=1)
    truth = np.where(read.right, 0, 1)
    return NumberReliability(
        kind=kind,
        pictures=len(read.right),
        accuracy=float(read.right.mean()),
        confidence=float(read.confidence.mean()),
        calibration_error=calibration_error(answers, truth),
        silent=float(read.silent.mean()),
        reliability=reliability(answers, truth),
    )


def fit_weights(doubts: Floats, right: NDArray[np.bool_]) -> dict[str, float]:
    """The weights of the features, and the bias, that give the right numbers the most likelihood.

    `doubts` is float64 [n, features], `right` bool [n]. Newton's method on the logistic loss with a
    ridge.
    """
    center, spread = doubts.mean(axis=0), doubts.std(axis=0) + 1e-9
    inputs = np.column_stack([np.ones(len(doubts)), (doubts - center) / spread])
    ridge = _RIDGE * np.eye(inputs.shape[1])
    ridge[0, 0] = 1e-9
    weights = np.zeros(inputs.shape[1])
    for _ in range(_STEPS):
        chance = 1 / (1 + np.exp(-inputs @ weights))
        gradient = inputs.T @ (chance - right) / len(right) + ridge @ weights
        slope = (inputs.T * (chance * (1 - chance))) @ inputs / len(right) + ridge
        weights -= np.linalg.solve(slope, gradient)
    found = dict(zip(NAMES, (weights[1:] / spread).tolist(), strict=True))
    return found | {"bias": float(weights[0] - (weights[1:] / spread) @ center)}


def calibrate_numbers(
    recognizer: Recognizer,
    folder: Path,
    *,
    count: int,
    seed: int,
    command: str,
    report: ReportProgress,
    corrections: Path | None = None,
    weights: dict[str, float] | None = None,
) -> NumberCalibration:
    """Fit the confidence to `count` numbers of each kind, by validation writers.

    Half as many others measure the result, or how well given `weights` fit. `folder` is the data
    folder. Numbers in a folder of `corrections` are one more kind, as people draw them: those that
    teach are fitted to as well, those that are held out are measured. Raises `TrainerError` if the
    strokes are missing or damaged, or the corrections are.
    """
    digits = read_split(folder, "digits", Split.VALIDATION)
    marks = marks_of(Split.VALIDATION, folder)
    teaching, held_back = corrected_numbers(corrections) if corrections else ([], [])
    if weights is None:
        fitted = []
        for kind in KINDS:
            report(f"numbers, {kind} …")
            fitted.append(read_kind(recognizer, kind, digits, marks, count, seed))
        fitted.append(read_corrected(recognizer, teaching))
        weights = fit_weights(
            np.concatenate([each.doubts for each in fitted]),
            np.concatenate([each.right for each in fitted]),
        )
    recognizer.weigh_numbers(weights)
    measured = measure_numbers(
        recognizer, digits, marks, max(1, count // 2), seed + _MEASURED, report
    )
    if held_back:
        measured.append(as_reliability(CORRECTED, read_corrected(recognizer, held_back)))
    return NumberCalibration(weights=weights, command=command, measured=measured)


def fit_numbers(
    recognizer: Recognizer, folder: Path, count: int, known: NumberCalibration | None = None
) -> NumberCalibration | None:
    """The same for a new model, if it is calibrated on pen strokes, and marks are in the folder.

    What is `known` of the model that it was trained from is only measured, which takes a third of
    the time: weights that were fitted to more numbers, on nearly the same model.
    """
    card = recognizer.card
    if f"strokes {Split.VALIDATION}" not in card.calibrated_on.split(", "):
        return None
    if not any(folder.glob(DATA_SETS["letters"].files)):
        return None
    return calibrate_numbers(
        recognizer,
        folder,
        count=count,
        seed=card.seed,
        command=known.command if known else card.command,
        report=lambda _: None,
        weights=known.weights if known else None,
    )


def measure_numbers(
    recognizer: Recognizer,
    digits: Sequence[Record],
    marks: Sequence[Record],
    count: int,
    seed: int,
    report: ReportProgress,
) -> list[NumberReliability]:
    """How well confidence in numbers is calibrated, for each of `KINDS`, by the given writers."""
    measured = []
    for kind in KINDS:
        report(f"calibration of numbers, {kind} …")
        read = read_kind(recognizer, kind, digits, marks, count, seed)
        measured.append(as_reliability(kind, read))
    return measured


def as_lines(measured: Sequence[NumberReliability]) -> list[str]:
    """The calibration of numbers as lines of text."""
    return [
        f"numbers, {each.kind}: {each.accuracy:.1%} of {each.pictures:,} right, mean confidence "
        f"{each.confidence:.1%}, calibration error {each.calibration_error:.1%}, "
        f"sure without a word about unread ink {each.silent:.1%}"
        for each in measured
    ]
