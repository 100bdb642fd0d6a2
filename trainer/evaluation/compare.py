"""Comparison of a new bundle with others on the gate parts of data sets, sample by sample."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from trainer.data.datasets.corrections import Corrected, gate_numbers
from trainer.data.samples import Samples
from trainer.data.source import Source
from trainer.evaluation.bootstrap import Gain, by_writer, gain, total
from trainer.evaluation.calibration import CALIBRATION_BINS
from trainer.evaluation.gate_numbers import corrected_right, numbers_right
from trainer.evaluation.metrics import all_logits, confusion
from trainer.recognition.array_types import Floats
from trainer.recognition.bundle import Bundle, Card
from trainer.recognition.labels import NOT_A_DIGIT
from trainer.recognition.prediction import digit_probabilities, digit_score
from trainer.recognition.recognizer import Recognizer

Measure = Literal["right", "calibration"]
"""right: the share of digits that are accepted and read right, and of non-digits that are rejected.
calibration: the expected calibration error, of which less is better."""

NUMBERS, EVERYTHING = "numbers", "everything"
"""Names of what is measured beside the data sets: numbers of several digits, and all data sets
together, without corrections and numbers."""


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """One measure of all bundles on the same samples."""

    data: str
    measure: Measure
    pictures: int
    writers: int
    """Of the samples; whoever is not known counts as a writer for each sample."""
    digits: bool
    """Whether there are digits among the samples."""
    values: list[float]
    """By bundle, in the order of `Comparison.versions`, 0..1."""
    gains: list[Gain]
    """Of the last bundle over each of the others."""
    confusions: list[list[list[int]]] = []
    """By bundle, [10][10], rows are the truth and columns the prediction, of digits of a set."""


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a comparison; `python -m trainer compare --json` prints it."""

    versions: list[str]
    """The bundles' versions, that of the new one last."""
    scores: list[Score]
    missing: list[str]
    """The data sets that are not available."""


def compare(
    bundles: Sequence[Bundle], sources: Sequence[Source], *, numbers: bool = True
) -> Comparison:
    """Compare the last bundle with the others on the gate part of each data set.

    An empty set is left out. `numbers`: also read numbers of several digits. Raises `BundleError`
    or `TrainerError` if a bundle or a data set is damaged.
    """
    recognizers = [Recognizer(bundle) for bundle in bundles]
    measured = {}
    for source in sources:
        if not source.is_here:
            continue
        outcomes = _Outcomes(recognizers, source.load_gate())
        if source.name == "corrections" and source.path:
            outcomes.add_numbers(recognizers, *gate_numbers(source.path))
        if outcomes.count:
            measured[source.title] = outcomes
    scores = [outcomes.score(name) for name, outcomes in measured.items()]
    frozen = [measured[each.title] for each in sources if not each.path and each.title in measured]
    if frozen:
        scores.append(_together(frozen, "right", [each.right for each in frozen]))
    digits = [each for each in frozen if each.has_digits]
    if digits:
        scores.append(_together(digits, "calibration", [each.bins for each in digits]))
    if numbers:
        right, writers = numbers_right(recognizers)
        sums = [by_writer(each[:, None].astype(np.float64), writers) for each in right]
        scores.append(_score(NUMBERS, "right", sums, has_digits=True))
    return Comparison(
        versions=[bundle.card.version for bundle in bundles],
        scores=scores,
        missing=[source.title for source in sources if not source.is_here],
    )


class _Outcomes:
    """What all bundles make of the same samples, summed by writer."""

    def __init__(self, recognizers: Sequence[Recognizer], samples: Samples) -> None:
        writers = samples.writers
        self._writers = np.arange(len(samples)) if writers is None else writers
        self._right_writers = self._writers
        self._digits = samples.labels != NOT_A_DIGIT
        self._samples = samples
        self.count = len(samples)
        self.has_digits = bool(self._digits.any())
        self._right: list[NDArray[np.bool_]] = []  # by bundle, of each sample
        self.bins: list[Floats] = []
        """The same of what calibration is computed from, of digits with ink."""
        self._confusions: list[list[list[int]]] = []
        if not self.count:
            self._right = [np.zeros(0, np.bool_) for _ in recognizers]
            return
        for recognizer in recognizers:
            self._add(recognizer.card, all_logits(recognizer, samples.pixels))

    def _add(self, card: Card, logits: Floats) -> None:
        samples, labels = self._samples, self._samples.labels
        accepted = (digit_score(logits) >= card.rejection_threshold) & samples.has_ink
        probabilities = digit_probabilities(logits, card.temperature)
        answers, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
        right = np.where(self._digits, accepted & (answers == labels), ~accepted)
        self._right.append(right)
        read = self._digits & samples.has_ink
        bins = np.minimum((confidence * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
        errors = np.zeros((len(labels), CALIBRATION_BINS))
        errors[np.arange(len(labels)), bins] = confidence - (answers == labels)
        self.bins.append(by_writer(errors[read], self._writers[read]))
        if self.has_digits:
            self._confusions.append(confusion(labels[read], answers[read]).tolist())

    def add_numbers(
        self,
        recognizers: Sequence[Recognizer],
        numbers: Sequence[Corrected],
        writers: NDArray[np.int64],
    ) -> None:
        """Add numbers, each of which is right or wrong as a whole."""
        more = corrected_right(recognizers, numbers)
        self._right = [np.append(one, other) for one, other in zip(self._right, more, strict=True)]
        self._right_writers = np.append(self._right_writers, writers)
        self.count += len(numbers)
        self.has_digits |= bool(numbers)

    @property
    def right(self) -> list[Floats]:
        """By bundle, sums as `by_writer` makes them of what is right."""
        return [
            by_writer(each[:, None].astype(np.float64), self._right_writers) for each in self._right
        ]

    def score(self, name: str) -> Score:
        """The share of all bundles that is right."""
        found = _score(name, "right", self.right, has_digits=self.has_digits)
        return msgspec.structs.replace(found, confusions=self._confusions)


def _together(parts: Sequence[_Outcomes], measure: Measure, sums: list[list[Floats]]) -> Score:
    """One measure on several sets, whose writers count as different ones."""
    joined = [np.concatenate(of_bundle) for of_bundle in zip(*sums, strict=True)]
    return _score(EVERYTHING, measure, joined, has_digits=any(part.has_digits for part in parts))


def _score(name: str, measure: Measure, sums: Sequence[Floats], *, has_digits: bool) -> Score:
    *others, last = sums
    lower = measure == "calibration"
    return Score(
        data=name,
        measure=measure,
        pictures=int(last[:, -1].sum()),
        writers=len(last),
        digits=has_digits,
        values=[float(total(each.sum(axis=0))) for each in sums],
        gains=[gain(each, last, lower_is_better=lower) for each in others],
    )
