"""Ranks the ways to read a row by what the row reader says of it as a whole.

Segmentation knows each digit by itself, where it was cut right; the row reader knows the row, also
where no cut is right. The model is log-linear: the evidence of each has a weight.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from trainer.recognition.array_types import Floats, Pixels
from trainer.recognition.labels import DIGITS
from trainer.recognition.prediction import DigitPrediction, softmax
from trainer.recognition.segmentation.candidates import Candidate
from trainer.recognition.segmentation.ctc import RowReading
from trainer.recognition.segmentation.joining import OTHER, Evidence, Joined, label_scores
from trainer.recognition.segmentation.row_reader import row_images
from trainer.recognition.segmentation.segments import Segments

ReadRow = Callable[[Pixels], Floats]
"""Gives the log probabilities of the columns of a row, as `RowReader` does."""

MAX_DIGITS = 16
"""Digits of a row that the row reader has a say in: the work grows with the square of them."""

WEIGHTS = np.array([0.32, 0.53, 1.35])
"""Of what `evidence` gives: float64 [3]. They maximize the likelihood of the truth among the ways
that are ranked, for numbers by validation writers:
`python -m tests.bench.numbers weights --count 3000 --seed 11`."""
_JOINED, _ROW = WEIGHTS[:2]

_TEXTS = 4  # likeliest texts of a row that are ranked
_LEAST = -100.0  # log likelihood of what the row reader excludes
_ALONE = 20.0  # margin of the only way to read a row
_CHANGES = 8  # of one digit each, at most; each raises the score


@dataclass(frozen=True, slots=True)
class RowResult:
    """How a row is read."""

    best: Joined
    digits: list[DigitPrediction]
    """Those of the best way. Its text has the likeliest label of each."""
    margin: float
    """By which the score of the best way is higher than that of any other text; `_ALONE` without
    one."""
    log_likelihood: float | None
    """That of the best way's text by the row reader; None where that did not read the row."""


def read_rows(segments: Segments, read_row: ReadRow) -> list[RowReading | None]:
    """What the row reader says of each row, kept in `segments`; None for rows that are too long."""
    if not segments.rows_read:
        images = row_images(segments)
        read = [None if image is None else RowReading(read_row(image), _TEXTS) for image in images]
        segments.rows_read.extend(read)
    return [
        None if each is None or len(each.texts[0]) > MAX_DIGITS else each
        for each in segments.rows_read
    ]


def evidence(
    ways: Sequence[Joined], row: RowReading, found: Mapping[Candidate, Evidence]
) -> Floats:
    """What speaks for each way to read a row: float64 [ways, 3].

    The log likelihood of its segments as digits, that of its text as a row, and its number of cuts,
    for which segmentation asks more than the row reader finds right.
    """
    likelihoods = np.maximum(_LEAST, row.log_likelihoods([way.read for way in ways]))
    cuts = [sum(found[candidate].place.cuts for candidate in way.digits) / 2 for way in ways]
    return np.column_stack([[way.score for way in ways], likelihoods, cuts])


def ranked(
    ways: Sequence[Joined], row: RowReading | None, found: Mapping[Candidate, Evidence]
) -> RowResult:
    """Choose the way to read a row, of at least one, the likeliest first.

    `row` is what the row reader says of it, and `found` what is known of the candidates.
    """
    plain = [found[candidate].prediction for candidate in ways[0].digits]
    if row is None or len(plain) > MAX_DIGITS:
        margin = ways[0].score - ways[1].score if len(ways) > 1 else _ALONE
        return RowResult(ways[0], plain, margin, None)
    by_text: dict[str, Joined] = {}
    scores = (evidence(ways, row, found) @ WEIGHTS).tolist()
    for way, score in zip(ways, scores, strict=True):
        if way.text not in by_text or by_text[way.text].score < score:
            by_text[way.text] = replace(way, score=score)
    best = max(by_text.values(), key=lambda way: way.score)
    for _ in range(_CHANGES):
        gains = _gains(best, row, found)
        if not (gains > 0).any():
            break
        best = _relabeled(best, *divmod(int(gains.argmax()), DIGITS), float(gains.max()))
    gains = _gains(best, row, found)
    digits = [
        replace(found[candidate].prediction, probabilities=softmax(each))
        for candidate, each in zip(best.digits, gains, strict=True)
    ]
    others = [way.score for way in by_text.values() if way.text != best.text]
    others += (best.score + gains[gains != 0]).tolist()
    margin = best.score - max(others) if others else _ALONE
    return RowResult(best, digits, margin, max(_LEAST, *row.log_likelihoods([best.read])))


def _gains(way: Joined, row: RowReading, found: Mapping[Candidate, Evidence]) -> Floats:
    """What the score gains if a digit alone has another label: float64 [digits, 10]."""
    text = way.read
    places = range(len(text))
    texts = [f"{text[:at]}{label}{text[at + 1 :]}" for at in places for label in range(DIGITS)]
    likelihoods = np.array(row.log_likelihoods(texts)).reshape(-1, DIGITS)
    plain = [label_scores(found[candidate].prediction.probabilities) for candidate in way.digits]
    scores = _JOINED * np.array(plain).reshape(-1, DIGITS) + _ROW * np.maximum(likelihoods, _LEAST)
    return scores - scores[places, list(map(int, text))][:, None]


def _relabeled(way: Joined, at: int, label: int, gain: float) -> Joined:
    """The way with another label of the digit at this index, counted from 0."""
    places = [place for place, character in enumerate(way.text) if character != OTHER]
    text = way.text[: places[at]] + str(label) + way.text[places[at] + 1 :]
    return replace(way, text=text, score=way.score + gain)
