"""Reading a number: from its segments to its digits, rows and marks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict

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
from trainer.recognition.segmentation.joining import (
    Component,
    Evidence,
    Joined,
    is_unambiguous,
    join,
    uncovered,
)
from trainer.recognition.segmentation.numbering import Corners, hull
from trainer.recognition.segmentation.segments import Segments

Predict = Callable[[list[Prepared]], list[DigitPrediction]]
"""Recognizes preprocessed images, at least one."""

_MARK_HEIGHT = 0.6  # of the tallest in its row: lower ink that is no digit counts as a mark
_LIKELY_MARK = 0.5  # probability of a mark by its shape and place
_UNREADABLE = 0.1  # digit score of a component that is too wide or too low to be given to a model
_ALONE = 20.0  # margin of a way to read a number that has no other
_ABOVE = 0.5  # of the width that two marks share if they are parts of one, as of a colon


def read_number(
    segments: Segments, predict: Predict, threshold: float, weights: Mapping[str, float]
) -> NumberPrediction:
    """Recognize all digits of a number.

    Segments are cut only where they do not read well as a whole. `threshold` is the least mean
    digit score of a number, `weights` are those of `number_confidence`. Raises `EmptyDrawing` and
    `TooManyPieces`.
    """
    marks = segments.marks
    found = whole = _evidence(segments, marks, predict)
    unambiguous = [key for key, each in found.items() if is_unambiguous(each.prediction)]
    doubtful = uncovered(unambiguous, len(segments))
    if doubtful and (cut := segments.cut(doubtful)).after_cuts:
        segments, found = cut, _evidence(cut, marks, predict)
    if not found:
        raise EmptyDrawing("there are only dots in the picture")
    runs = whole_components(segments)
    components = {
        run: Component(
            place(segments, run),
            whole[key].prediction.digit_score if (key := (each, each)) in whole else _UNREADABLE,
            marks[each - 1],
        )
        for run, each in runs.items()
    }
    ways = join(found, components)
    return _as_prediction(segments, found, ways, runs, threshold, weights)


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
    ways: Sequence[Joined],
    runs: Mapping[Candidate, int],
    threshold: float,
    weights: Mapping[str, float],
) -> NumberPrediction:
    best = ways[0]
    margin = best.score - ways[1].score if len(ways) > 1 else _ALONE
    others = [segments.segments[first - 1 : last] for first, last in best.others]
    unread = [
        _unread(segments, hull(each), _is_mark(segments, runs, run))
        for run, each in zip(best.others, others, strict=True)
    ]
    unread += [_unread(segments, box, is_mark=True) for box in segments.dots]
    unread = _joined_marks(unread)
    if not best.digits:
        likeliest = max(found.values(), key=lambda each: each.prediction.digit_score)
        return NumberPrediction([likeliest.prediction], False, 0.0, [0], unread)
    chosen = [found[candidate] for candidate in best.digits]
    digits = [each.prediction for each in chosen]
    evidence = doubts(
        margin,
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
        [segments.segments[first - 1].row for first, _ in best.digits],
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
