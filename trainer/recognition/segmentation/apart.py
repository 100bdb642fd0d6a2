"""Whether what was read as a number is one of itself: its digits lie well apart.

Nobody said that the picture shows a number, and most pictures show one digit, perhaps in loose
strokes: a 5 with its bar, a 4 in two parts, or a sign such as ÷. These must not become two digits.
It is asked only where the whole was rejected as one digit. How many numbers it finds, and what it
takes for one, is in docs/decisions.md (`python -m tests.bench.numbers figures`).
"""

from __future__ import annotations

from itertools import pairwise

from trainer.recognition.prediction import NumberPrediction
from trainer.recognition.preprocess.components import Box

_MIN_CONFIDENCE = 0.75  # confidence × digit score of the number
_MIN_DIGIT_CONFIDENCE = 0.5  # the same of each digit
_MAX_UNREAD = 1  # pieces of ink that are no digit
# Lengths are in heights of the tallest digit.
_MIN_HEIGHT = 0.6
_MIN_GAP = -0.1  # between the boxes of two digits in a row, which may lean, and between two rows
_MAX_ROW_GAP = 1.2


def are_apart(number: NumberPrediction) -> bool:
    """Whether a number has several digits, each whole, likely, and apart from the others."""
    digits, boxes = number.digits, [digit.prepared.box for digit in number.digits]
    if not number.is_number or len(digits) < 2 or len(number.unread) > _MAX_UNREAD:
        return False
    if number.doubts.get("cuts") or number.confidence * number.digit_score < _MIN_CONFIDENCE:
        return False
    if min(each.confidence * each.digit_score for each in digits) < _MIN_DIGIT_CONFIDENCE:
        return False
    heights = [height for _x, _y, _width, height in boxes]
    tallest = max(heights)
    if min(heights) < _MIN_HEIGHT * tallest:
        return False
    rows = [
        [box for box, row in zip(boxes, number.rows, strict=True) if row == each]
        for each in sorted(set(number.rows))
    ]
    beside = [_gap(one, other, 0) for row in rows for one, other in pairwise(row)]
    below = [_gap(_hull(one), _hull(other), 1) for one, other in pairwise(rows)]
    is_near = max(below, default=0) <= _MAX_ROW_GAP * tallest
    return is_near and min([*beside, *below]) >= _MIN_GAP * tallest


def _gap(box: Box, other: Box, axis: int) -> int:
    """Pixels between the end of a box and the beginning of another, negative if they overlap."""
    return other[axis] - box[axis] - box[axis + 2]


def _hull(boxes: list[Box]) -> Box:
    left, top = min(box[0] for box in boxes), min(box[1] for box in boxes)
    right, bottom = max(box[0] + box[2] for box in boxes), max(box[1] + box[3] for box in boxes)
    return left, top, right - left, bottom - top
