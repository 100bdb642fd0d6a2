"""Reading a number: from its segments to its digits, rows and marks."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass

import numpy as np

from trainer.recognition.prediction import (
    DigitPrediction,
    NumberPrediction,
    Unread,
    mean_score,
)
from trainer.recognition.preprocess import EmptyDrawing, Prepared
from trainer.recognition.segmentation.candidates import (
    Candidate,
    digit_candidates,
    place,
    whole_components,
)
from trainer.recognition.segmentation.confidence import doubts, number_confidence
from trainer.recognition.segmentation.ctc import RowReading
from trainer.recognition.segmentation.joining import (
    Component,
    Evidence,
    Joined,
    is_unambiguous,
    join,
    uncovered,
)
from trainer.recognition.segmentation.numbering import Corners, hull
from trainer.recognition.segmentation.rescoring import ReadRow, RowResult, ranked, read_rows
from trainer.recognition.segmentation.segments import Segments, TooManyPieces

Predict = Callable[[list[Prepared]], list[DigitPrediction]]
"""Recognizes preprocessed images, at least one."""

_MARK_HEIGHT = 0.6  # of the tallest in its row: lower ink that is no digit counts as a mark
_LIKELY_MARK = 0.5  # probability of a mark by its shape and place
_UNREADABLE = 0.1  # digit score of a component that is too wide or too low to be given to a model
_ABOVE = 0.5  # of the width that two marks share if they are parts of one, as of a colon


@dataclass(frozen=True, slots=True)
class Ways:
    """The ways to read each row of a number."""

    segments: Segments
    """After what does not read well was cut."""
    found: Mapping[Candidate, Evidence]
    """What is known of each candidate."""
    rows: Sequence[tuple[list[Joined], RowReading | None]]
    """Of each row the ways to read it, at least one, and what the row reader says of it."""


def read_number(
    segments: Segments,
    predict: Predict,
    read_row: ReadRow,
    threshold: float,
    weights: Mapping[str, float],
) -> NumberPrediction:
    """Recognize all digits of a number.

    `threshold` is the least mean digit score of a number, `weights` are those of
    `number_confidence`. The other arguments and errors are those of `ways_to_read`.
    """
    ways = ways_to_read(segments, predict, read_row)
    rows = [ranked(each, reading, ways.found) for each, reading in ways.rows]
    return _as_prediction(ways.segments, ways.found, rows, threshold, weights)


def ways_to_read(segments: Segments, predict: Predict, read_row: ReadRow) -> Ways:
    """The ways to read each row of a number that are worth ranking.

    Segments are cut only where they do not read well as a whole, or where the row reader, which
    `read_row` calls, clearly sees more digits in a row than there would be. Raises `EmptyDrawing`
    and `TooManyPieces`.
    """
    readings = read_rows(segments, read_row)
    marks = segments.marks
    whole = _evidence(segments, marks, predict)
    components = _components(segments, whole, marks)
    ways = [join(whole, components, row) for row in segments.rows]
    crowded = set[int]()
    for row, reading, plain in zip(segments.rows, readings, ways, strict=True):
        if reading and reading.is_likely and len(reading.texts[0]) > len(plain[0].digits):
            crowded |= set(row)
    unambiguous = [key for key, each in whole.items() if is_unambiguous(each.prediction)]
    doubtful = uncovered(unambiguous, len(segments))
    try:
        segments, found = _cut(segments, whole, marks, crowded | doubtful, predict)
    except TooManyPieces:
        if crowded <= doubtful:
            raise
        segments, found = _cut(segments, whole, marks, doubtful, predict)
    if not found:
        raise EmptyDrawing("there are only dots in the picture")
    if found is not whole:
        components = _components(segments, whole, marks)
        ways = [join(found, components, row) for row in segments.rows]
    rows = []
    for row, reading, plain in zip(segments.rows, readings, ways, strict=True):
        spelled = join(found, components, row, reading.texts) if reading else []
        rows.append(([*plain, *spelled], reading))
    return Ways(segments, found, rows)


def _cut(
    segments: Segments,
    whole: dict[Candidate, Evidence],
    marks: Sequence[float],
    numbers: Collection[int],
    predict: Predict,
) -> tuple[Segments, dict[Candidate, Evidence]]:
    """The segments after those with these numbers were cut, and what is known of the candidates.

    The same as before where none can be cut. Raises `TooManyPieces`.
    """
    if numbers and (cut := segments.cut(numbers)).after_cuts:
        return cut, _evidence(cut, marks, predict)
    return segments, whole


def _components(
    segments: Segments, whole: Mapping[Candidate, Evidence], marks: Sequence[float]
) -> dict[Candidate, Component]:
    """What is known of each component of ink, `whole` before it was cut, by its run of segments."""
    return {
        run: Component(
            place(segments, run),
            whole[key].prediction.digit_score if (key := (each, each)) in whole else _UNREADABLE,
            marks[each - 1],
        )
        for run, each in whole_components(segments).items()
    }


def _evidence(
    segments: Segments, marks: Sequence[float], predict: Predict
) -> dict[Candidate, Evidence]:
    """What is known of each candidate."""
    prepared: dict[Candidate, Prepared] = {}
    for candidate in digit_candidates(segments):
        with suppress(EmptyDrawing):
            prepared[candidate] = segments.prepare(*candidate)
    if not prepared:
        return {}
    whole = whole_components(segments)
    return {
        key: Evidence(
            prediction, place(segments, key), marks[whole[key] - 1] if key in whole else 0.0
        )
        for key, prediction in zip(prepared, predict(list(prepared.values())), strict=True)
    }


def _as_prediction(
    segments: Segments,
    found: Mapping[Candidate, Evidence],
    rows: Sequence[RowResult],
    threshold: float,
    weights: Mapping[str, float],
) -> NumberPrediction:
    runs = whole_components(segments)
    others = [run for row in rows for run in row.best.others]
    boxes = [hull(segments.segments[first - 1 : last]) for first, last in others]
    unread = [
        _unread(segments, box, _is_mark(segments, runs, run))
        for run, box in zip(others, boxes, strict=True)
    ]
    unread += [_unread(segments, box, is_mark=True) for box in segments.dots]
    unread = _joined_marks(unread)
    digits = [digit for row in rows for digit in row.digits]
    if not digits:
        likeliest = max(found.values(), key=lambda each: each.prediction.digit_score)
        return NumberPrediction([likeliest.prediction], False, 0.0, [0], unread)
    chosen = [found[candidate] for row in rows for candidate in row.best.digits]
    likelihoods = [row.log_likelihood for row in rows]
    evidence = doubts(
        min(row.margin for row in rows),
        None if None in likelihoods else sum(filter(None, likelihoods)),
        np.array([digit.confidence for digit in digits]),
        np.array([digit.digit_score for digit in digits]),
        sum(each.place.cuts for each in chosen) / 2,
        max(each.mark for each in chosen),
        len(unread),
    )
    widths = [
        sum(box[2] for box in boxes)
        for boxes in ([each.box for each in unread], [digit.prepared.box for digit in digits])
    ]
    return NumberPrediction(
        digits,
        widths[0] <= widths[1] and mean_score(digits) >= threshold,
        min(number_confidence(evidence, weights), *(digit.confidence for digit in digits)),
        [index for index, row in enumerate(rows) for _ in row.digits],
        unread,
        asdict(evidence),
    )


def _is_mark(segments: Segments, runs: Mapping[Candidate, int], run: Candidate) -> bool:
    size = place(segments, run)
    return size.relative_height <= _MARK_HEIGHT or segments.marks[runs[run] - 1] >= _LIKELY_MARK


def _unread(segments: Segments, corners: Corners, is_mark: bool) -> Unread:
    left, top, right, bottom = corners
    box = (left, top, right - left, bottom - top)
    x, y, width, height = (round(length * segments.ink.scale) for length in box)
    return Unread((x, y, width, height), "mark" if is_mark else "not_a_digit")


def _joined_marks(unread: Sequence[Unread]) -> list[Unread]:
    """Join marks that stand one above the other, as the parts of a colon."""
    joined: list[Unread] = []
    for each in unread:
        x, y, width, height = each.box
        for index, other in enumerate(joined):
            left, top, wide, high = other.box
            shared = min(x + width, left + wide) - max(x, left)
            near = abs(y + height / 2 - top - high / 2) <= 4 * max(width, wide)
            are_marks = each.reason == other.reason == "mark"
            if are_marks and near and shared >= _ABOVE * max(width, wide):
                x0, y0 = min(x, left), min(y, top)
                x1, y1 = max(x + width, left + wide), max(y + height, top + high)
                joined[index] = Unread((x0, y0, x1 - x0, y1 - y0), "mark")
                break
        else:
            joined.append(each)
    return joined
