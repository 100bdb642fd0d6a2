"""Marks: slashes, parentheses and dots, which the model takes for a 1 or never sees.

A model sees each component alone and as large as a digit. What tells a slash from a 1 is its tilt,
and how it lies among its neighbors; a parenthesis is bowed. Dots are too small to be given to it.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from trainer.recognition.array_types import Pixels
from trainer.recognition.segmentation.numbering import Corners, Segment, SegmentMap
from trainer.recognition.segmentation.shapes import StrokeShape, stroke_shape

MAX_DOTS = 40
"""If there are more, they are grain."""

_MAX_THICKNESS = 0.5  # of a single stroke, in its lengths
_MAX_WIDTH = 0.8  # of a slash or parenthesis, in its heights; a 7 may be wider
_MIN_NEIGHBOR = 0.5  # height of a neighbor that is compared, in heights of the tallest
_LOW = 0.45  # in heights of the neighbors: what is lower is a mark, as are the rings of a per cent
_LOW_MARK = 0.9  # with this probability
_MIN_DOT = 0.6  # of the pen's width: smaller specks are dirt
_AROUND = 0.35  # in heights of the tallest of a row: dots farther from it do not belong to it
_STRONG = 0.5  # of the strongest ink

# Of the log odds that a single stroke is a slash or parenthesis and no 1 or 7: fitted to numbers by
# validation writers, with one such mark in ten of the strokes. The base is lower than fitted, which
# was -2.9: of 400 numbers without marks 97.0 % are then read right instead of 96.3 %.
_BASE = -4.5
_TILT, _USUAL_TILT = 0.03, 12.0  # a degree farther to the right than digits usually lean
_TALLER = 15.5  # a height of the neighbors that it exceeds them by
_BOW, _STRAIGHT = 19.5, 0.07  # a length by which it is bowed more than a 1
_BEND, _SMOOTH = -177.0, 0.055  # a length by which it is bent otherwise, as a 1 with a flag


def mark_probabilities(labels: SegmentMap, segments: list[Segment]) -> list[float]:
    """The probability, 0..1, that each segment is a slash or parenthesis, by shape and place."""
    found = []
    for number, each in enumerate(segments, 1):
        row = [other for other in segments if other.row == each.row]
        tallest = max(other.height for other in row)
        neighbors = [
            other for other in row if other is not each and other.height >= _MIN_NEIGHBOR * tallest
        ]
        height = float(np.median([other.height for other in neighbors] or [each.height]))
        if not neighbors or each.height < _LOW * height or each.width > _MAX_WIDTH * each.height:
            found.append(_LOW_MARK if each.height < _LOW * height else 0.0)
            continue
        mask = labels[each.top : each.bottom, each.left : each.right] == number
        shape = stroke_shape(mask.astype(np.uint8))
        found.append(_probability(shape, each.height / height))
    low = [each for each, mark in zip(segments, found, strict=True) if mark == _LOW_MARK]
    return [
        max(mark, _LOW_MARK) if mark and _is_per_cent(each, low) else mark
        for each, mark in zip(segments, found, strict=True)
    ]


def _is_per_cent(stroke: Segment, low: list[Segment]) -> bool:
    """Whether a stroke stands between a low mark at its top and another at its bottom."""
    beside = [
        each.top + each.bottom < stroke.top + stroke.bottom
        for each in low
        if each.left < stroke.right
        and each.right > stroke.left
        and each.top < stroke.bottom
        and each.bottom > stroke.top
    ]
    return len(set(beside)) == 2


def _probability(shape: StrokeShape, relative_height: float) -> float:
    if shape.thickness > _MAX_THICKNESS:
        return 0.0
    odds = (
        _BASE
        + _TILT * (shape.tilt - _USUAL_TILT)
        + _TALLER * max(0.0, relative_height - 1)
        + _BOW * max(0.0, abs(shape.bow) - _STRAIGHT)
        + _BEND * max(0.0, shape.bend - _SMOOTH)
    )
    return float(1 / (1 + np.exp(-odds)))


def find_dots(strength: Pixels, specks: NDArray[np.int32], rows: list[Corners]) -> list[Corners]:
    """The boxes of specks that were drawn with the pen, in or beside one of the rows.

    `strength` is uint8 [height, width] and `specks` the table of its components that are specks, as
    OpenCV makes it, int32 [n, 5]. `rows` are the corners of each row. None if there are more than
    `MAX_DOTS`, which is grain.
    """
    if not len(specks):
        return []
    left, top = specks[:, cv2.CC_STAT_LEFT], specks[:, cv2.CC_STAT_TOP]
    width, height = specks[:, cv2.CC_STAT_WIDTH], specks[:, cv2.CC_STAT_HEIGHT]
    near = np.zeros(len(specks), bool)
    for row in rows:
        room = _AROUND * (row[3] - row[1])
        near |= (
            (left + width > row[0] - room)
            & (left < row[2] + room)
            & (top + height > row[1] - room)
            & (top < row[3] + room)
        )
    drawn = near & (np.minimum(width, height) >= _MIN_DOT * _pen_width(strength, rows))
    if np.count_nonzero(drawn) > MAX_DOTS:
        return []
    return corners_of(specks[drawn])


def corners_of(components: NDArray[Any]) -> list[Corners]:
    """The corners of components in OpenCV's table of them, int32 [n, 5]."""
    return [(int(x), int(y), int(x + w), int(y + h)) for x, y, w, h, _ in components.tolist()]


def _pen_width(strength: Pixels, rows: list[Corners]) -> float:
    """The mean width of the strokes in the rows, in pixels: four times the distance to the edge."""
    left, top = (min(row[side] for row in rows) for side in (0, 1))
    right, bottom = (max(row[side] for row in rows) for side in (2, 3))
    ink = strength[top:bottom, left:right]
    mask = (ink > _STRONG * int(ink.max(initial=0))).astype(np.uint8)
    distance = cv2.distanceTransform(cv2.copyMakeBorder(mask, 1, 1, 1, 1, 0), cv2.DIST_L2, 3)
    return 4 * (float(distance.sum()) / max(1, int(np.count_nonzero(distance))) - 0.5)
