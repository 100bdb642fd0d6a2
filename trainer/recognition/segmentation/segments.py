"""Taking a number apart: which pieces of ink may be one digit."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from trainer.recognition.preprocess.arrays import Pixels
from trainer.recognition.preprocess.components import are_specks, mask_of
from trainer.recognition.segmentation.cuts import slices

MOST_PARTS = 40
"""The largest ones are kept of a picture that falls into more; cuts make so many again at most."""

_MOST_JOINED = 4  # pieces of one digit
_NEAR = 0.1  # of the tallest part: what is as near to each other may be one open 4
_GAP = 0.3  # farthest apart, in heights of the tallest part
_TALL = 0.8  # of the tallest part: the height of a digit of its own
_OVERLAP = 0.06  # of the tallest part: less than this is no overlap from left to right
_SHORTEST = 0.3  # of the tallest part: what is lower is a dash
_WIDEST = 2.2  # width of a digit of several parts, in heights of the tallest part
_COVERED = 0.7  # share of its width at which a part lies above or below another
_SMALLER = 0.35  # of the other's area: a bar or a piece of a stroke, not a digit of its own
_WIDE = 0.5  # width of a part, in heights of the tallest: from here on it may be two digits

Labels = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Part:
    """A part's bounding box, and the piece of connected ink that it is, or was cut from."""

    left: int
    top: int
    right: int
    bottom: int
    piece: int

    @property
    def height(self) -> int:
        return self.bottom - self.top


def part_labels(ink: Pixels) -> tuple[Labels, list[Part]]:
    """Number the parts of the ink from left to right: int32 [height, width], 0 for paper.

    A part is a connected piece with what lies above or below it; specks are none.
    """
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask_of(ink), connectivity=8)
    pieces = stats[1:]
    owner = np.zeros(count, np.int32)
    owner[1:] = np.where(are_specks(pieces), 0, np.arange(1, count))
    _adopt(owner, pieces)
    largest = sorted(set(owner[owner > 0]), key=lambda part: -pieces[part - 1, cv2.CC_STAT_AREA])
    owner[~np.isin(owner, largest[:MOST_PARTS])] = 0
    whole = owner[labels].astype(np.int32)
    return _from_left_to_right(whole, whole)


def cut_parts(
    labels: Labels, parts: Sequence[Part], ink: Pixels, numbers: Collection[int]
) -> tuple[Labels, list[Part]]:
    """Cut those of the parts, by their numbers, that are wide enough for two digits.

    Gives all of them, cut or not, as `part_labels` does.
    """
    tallest = _tallest(parts)
    cut = labels.copy()
    last, most = len(parts), len(parts) + MOST_PARTS
    for number in numbers:
        part = parts[number - 1]
        if last == most or part.right - part.left < _WIDE * tallest:
            continue
        inside = (slice(part.top, part.bottom), slice(part.left, part.right))
        sliced = slices(np.where(labels[inside] == number, ink[inside], 0))
        for behind in range(2, int(sliced.max()) + 1):
            if last < most:
                last += 1
                cut[inside][sliced >= behind] = last
    return _from_left_to_right(cut, labels)


def digit_runs(labels: Labels, parts: Sequence[Part]) -> list[tuple[int, int]]:
    """Which neighbouring parts, (first, last) counted from 1, may together be one digit.

    Two pieces of a digit's height that stand beside each other are two digits, what is farther off
    is another digit, and a dash alone is none.
    """
    tallest = _tallest(parts)
    runs = []
    for first in range(len(parts)):
        joined: list[Part] = []
        for last in range(first, len(parts)):
            if last > first and _are_two(labels, parts, first, last, tallest):
                break
            joined.append(parts[last])
            if len({part.piece for part in joined}) > _MOST_JOINED:
                break
            width = max(part.right for part in joined) - min(part.left for part in joined)
            height = max(part.bottom for part in joined) - min(part.top for part in joined)
            if height >= _SHORTEST * tallest and width <= _WIDEST * tallest:
                runs.append((first + 1, last + 1))
    return runs


def dashes(parts: Sequence[Part]) -> set[int]:
    """Which parts, counted from 1, are too low beside the tallest to be a digit."""
    tallest = _tallest(parts)
    return {i for i, part in enumerate(parts, 1) if part.height < _SHORTEST * tallest}


def _tallest(parts: Sequence[Part]) -> int:
    return max((part.height for part in parts), default=0)


def _are_two(labels: Labels, parts: Sequence[Part], first: int, last: int, tallest: int) -> bool:
    """Whether the part `last` cannot be of one digit with those from `first` on."""
    after = parts[last]
    if after.left - max(part.right for part in parts[first:last]) > _GAP * tallest:
        return True
    for number in range(first, last):
        before = parts[number]
        if before.piece == after.piece:
            continue
        gap = after.left - before.right
        both_tall = min(before.height, after.height) >= _TALL * tallest
        if both_tall and gap > -_OVERLAP * tallest:
            return _distance(labels, number + 1, last + 1) > _NEAR * tallest
    return False


def _distance(labels: Labels, one: int, other: int) -> float:
    """Pixels between the nearest points of two parts."""
    both = ((labels == one) | (labels == other)).astype(np.uint8)
    x, y, width, height = cv2.boundingRect(both)
    view = labels[y : y + height, x : x + width]
    away = cv2.distanceTransform((view != one).astype(np.uint8), cv2.DIST_L2, 3)
    return float(away[view == other].min())


def _adopt(owner: NDArray[np.int32], pieces: NDArray[Any]) -> None:
    """Give small pieces to the large one above or below which they lie, in place."""
    order = np.argsort(pieces[:, cv2.CC_STAT_AREA])
    left, right = (
        pieces[:, cv2.CC_STAT_LEFT],
        pieces[:, cv2.CC_STAT_LEFT] + pieces[:, cv2.CC_STAT_WIDTH],
    )
    for small in order:
        if not owner[small + 1]:
            continue
        overlap = np.minimum(right, right[small]) - np.maximum(left, left[small])
        covered = overlap >= _COVERED * pieces[small, cv2.CC_STAT_WIDTH]
        larger = pieces[:, cv2.CC_STAT_AREA] * _SMALLER > pieces[small, cv2.CC_STAT_AREA]
        hosts = np.flatnonzero(covered & larger & (owner[1:] > 0))
        if len(hosts):
            nearest = hosts[np.argmax(overlap[hosts])]
            owner[owner == small + 1] = owner[nearest + 1]


def _from_left_to_right(parts: Labels, whole: Labels) -> tuple[Labels, list[Part]]:
    """Renumber by the horizontal middle; `whole` numbers the pieces before they were cut."""
    boxes = _boxes(parts)
    order = sorted(boxes, key=lambda number: boxes[number][0] + boxes[number][2])
    table = np.zeros(int(parts.max(initial=0)) + 1, np.int32)
    table[order] = np.arange(1, len(order) + 1)
    piece = np.zeros_like(table)
    piece[parts.ravel()] = whole.ravel()
    found = [Part(*boxes[number], int(piece[number])) for number in order]
    return table[parts], found


def _boxes(parts: Labels) -> dict[int, tuple[int, int, int, int]]:
    """(left, top, right, bottom) of each part, by its number, in ascending order."""
    rows, columns = np.nonzero(parts)
    numbers = parts[rows, columns]
    boxes = {}
    for number in np.unique(numbers):
        mine = numbers == number
        x, y = columns[mine], rows[mine]
        boxes[int(number)] = (int(x.min()), int(y.min()), int(x.max()) + 1, int(y.max()) + 1)
    return boxes
