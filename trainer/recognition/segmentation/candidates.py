"""Candidates: which runs of neighboring segments may be one digit."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from trainer.recognition.segmentation.numbering import Segment, hull
from trainer.recognition.segmentation.segments import Segments, TooManyPieces

Candidate = tuple[int, int]
"""The numbers of the first and the last segment, counted from 1, that may together be one digit."""

MAX_CANDIDATES = 1_000
"""Largest number of candidates; six touching digits have up to 600."""

MAX_CANDIDATE_PIXELS = 100_000_000
"""Largest area of all candidates' boxes together: each is scaled down by itself."""

# Lengths are in heights of the tallest segment of a row.
_MAX_COMPONENTS = 4  # connected components of one digit
_MAX_STROKE_GAP = 0.1  # between two strokes as tall as a digit that may be one open 4
_MAX_GAP = 0.3  # between two segments of one digit
_MAX_BAR_HEIGHT = 0.45  # of a bar or another small part of a digit
_MAX_GAP_TO_LOW = 0.05  # between a bar and the rest of its digit; a dash keeps a distance
_MIN_DIGIT_HEIGHT = 0.8  # a segment at least this tall may be a digit of its own
_MIN_OVERLAP = 0.06  # horizontally; a smaller overlap does not count
_MIN_HEIGHT = 0.3  # of a digit: anything lower is a dash
_MAX_WIDTH = 2.2  # of a digit of several segments


def digit_candidates(segments: Segments) -> list[Candidate]:
    """All runs of segments that may be one digit.

    Two adjacent components as tall as a digit are two digits; segments far apart are different
    digits; a dash alone is not a digit. Raises `TooManyPieces`.
    """
    found, pixels = [], 0
    for first, begin in enumerate(segments.segments):
        tallest = segments.tallest(begin.row)
        joined: list[Segment] = []
        for last in range(first, len(segments)):
            if segments.segments[last].row != begin.row:
                break
            if last > first and _are_two_digits(segments, first, last, tallest):
                break
            joined.append(segments.segments[last])
            if len({each.component for each in joined}) > _MAX_COMPONENTS:
                break
            left, top, right, bottom = hull(joined)
            width, height = right - left, bottom - top
            if height >= _MIN_HEIGHT * tallest and width <= _MAX_WIDTH * tallest:
                found.append((first + 1, last + 1))
                pixels += width * height
        if len(found) > MAX_CANDIDATES or pixels > MAX_CANDIDATE_PIXELS:
            raise TooManyPieces
    return found


@dataclass(frozen=True, slots=True)
class Placed:
    """The size of a candidate, and how it lies among the others of its row."""

    width: int
    """In pixels."""
    height: int
    """In pixels."""
    relative_height: float
    """In heights of the tallest segment of its row."""
    cuts: int
    """On how many sides it was cut off, 0..2."""


def place(segments: Segments, candidate: Candidate) -> Placed:
    """Measure a candidate."""
    first, last = candidate
    chosen = segments.segments[first - 1 : last]
    left, top, right, bottom = hull(chosen)
    height = bottom - top
    own = {each.component for each in chosen}
    beside = segments.segments[: first - 1], segments.segments[last:]
    cuts = sum(bool(own & {each.component for each in others}) for others in beside)
    tallest = segments.tallest(chosen[0].row)
    return Placed(right - left, height, height / tallest, cuts)


def whole_components(segments: Segments) -> dict[Candidate, int]:
    """The runs of segments that are all of a connected component, and its number.

    A component whose slices lie between those of another belongs to the same run.
    """
    runs: dict[Candidate, int] = {}
    numbers = [each.component for each in segments.segments]
    for component in dict.fromkeys(numbers):
        first = numbers.index(component)
        last = len(numbers) - 1 - numbers[::-1].index(component)
        runs[first + 1, last + 1] = component
    return runs


def _are_two_digits(segments: Segments, first: int, last: int, tallest: int) -> bool:
    """Whether segment `last` cannot belong to the same digit as all those from `first` on.

    Both are counted from 0; `tallest` is the height of the tallest segment.
    """
    after = segments.segments[last]
    before_it = segments.segments[first:last]
    gap = after.left - max(each.right for each in before_it)
    low = min(after.height, max(each.height for each in before_it)) < _MAX_BAR_HEIGHT * tallest
    if gap > (_MAX_GAP_TO_LOW if low else _MAX_GAP) * tallest:
        return True
    for number, before in enumerate(before_it, first):
        if before.component == after.component:
            continue
        gap = after.left - before.right
        both_tall = min(before.height, after.height) >= _MIN_DIGIT_HEIGHT * tallest
        if both_tall and gap > -_MIN_OVERLAP * tallest:
            distance = _distance(segments, number + 1, last + 1)
            return distance > _MAX_STROKE_GAP * tallest
    return False


def _distance(segments: Segments, one: int, other: int) -> float:
    """Distance in pixels between the nearest points of two segments."""
    left, top, right, bottom = hull([segments.segments[one - 1], segments.segments[other - 1]])
    view = segments.labels[top:bottom, left:right]
    distance = cv2.distanceTransform((view != one).astype(np.uint8), cv2.DIST_L2, 3)
    return float(distance[view == other].min())
