"""Taking a number apart: which pieces of ink may be one digit."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from trainer.preprocess.arrays import Pixels
from trainer.preprocess.pieces import are_specks, mask_of

MOST_PARTS = 40
"""The largest ones are kept of a picture that falls into more."""

_MOST_JOINED = 4  # parts of one digit
_WIDEST = 1.6  # width of a digit of several parts, in heights of the tallest part
_COVERED = 0.7  # share of its width at which a part lies above or below another
_SMALLER = 0.35  # of the other's area: a bar or a piece of a stroke, not a digit of its own
_WIDE = 0.75  # width of a piece, in heights of the tallest: from here on it may be two digits
_MOST_CUTS = 3
_THINNEST_SHARE = 0.22  # a cut leaves at least this, in heights, on either side

_LEFT, _TOP, _WIDTH, _HEIGHT, _AREA = range(5)  # OpenCV's columns

Labels = NDArray[np.int32]


def part_labels(ink: Pixels) -> Labels:
    """Number the parts of the ink from left to right: int32 [height, width], 0 for paper.

    A part is a connected piece with what lies above or below it; specks are none. A piece wide
    enough for two digits is cut where a line from top to bottom meets the least ink.
    """
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask_of(ink), connectivity=8)
    pieces = stats[1:]
    owner = np.zeros(count, np.int32)
    owner[1:] = np.where(are_specks(pieces), 0, np.arange(1, count))
    _adopt(owner, pieces)
    largest = sorted(set(owner[owner > 0]), key=lambda part: -pieces[part - 1, _AREA])
    owner[~np.isin(owner, largest[:MOST_PARTS])] = 0
    parts = owner[labels].astype(np.int32)
    return _from_left_to_right(_cut(parts, ink))


def digit_runs(labels: Labels) -> list[tuple[int, int]]:
    """Which neighbouring parts, (first, last), may together be one digit."""
    boxes = _boxes(labels)
    tallest = max((bottom - top for _, top, _, bottom in boxes.values()), default=0)
    runs = []
    for first in boxes:
        left, _, right, _ = boxes[first]
        for last in range(first, min(first + _MOST_JOINED, len(boxes) + 1)):
            left, right = min(left, boxes[last][0]), max(right, boxes[last][2])
            if first == last or right - left <= _WIDEST * tallest:
                runs.append((first, last))
    return runs


def _adopt(owner: NDArray[np.int32], pieces: NDArray[Any]) -> None:
    """Give small pieces to the large one above or below which they lie, in place."""
    order = np.argsort(pieces[:, _AREA])
    left, right = pieces[:, _LEFT], pieces[:, _LEFT] + pieces[:, _WIDTH]
    for small in order:
        if not owner[small + 1]:
            continue
        overlap = np.minimum(right, right[small]) - np.maximum(left, left[small])
        covered = overlap >= _COVERED * pieces[small, _WIDTH]
        larger = pieces[:, _AREA] * _SMALLER > pieces[small, _AREA]
        hosts = np.flatnonzero(covered & larger & (owner[1:] > 0))
        if len(hosts):
            nearest = hosts[np.argmax(overlap[hosts])]
            owner[owner == small + 1] = owner[nearest + 1]


def _cut(parts: Labels, ink: Pixels) -> Labels:
    """Cut wide parts at up to three columns each; the pieces get numbers of their own."""
    boxes = _boxes(parts)
    tallest = max((bottom - top for _, top, _, bottom in boxes.values()), default=0)
    free = max(boxes, default=0) + 1
    for number, (left, top, right, bottom) in boxes.items():
        if right - left < _WIDE * tallest:
            continue
        view = parts[top:bottom, left:right]
        inside = view == number
        profile = np.where(inside, ink[top:bottom, left:right], 0).sum(axis=0, dtype=np.float32)
        for column in _valleys(profile, max(2, round(_THINNEST_SHARE * tallest))):
            view[:, column:][inside[:, column:]] = free
            free += 1
    return parts


def _valleys(profile: NDArray[np.float32], margin: int) -> list[int]:
    """Columns with the least ink, `margin` apart from the ends and from each other, in order."""
    smooth = cv2.blur(profile.reshape(1, -1), (max(1, margin // 3), 1)).ravel()
    found: list[int] = []
    for column in np.argsort(smooth, kind="stable"):
        if len(found) == _MOST_CUTS or smooth[column] > 0.6 * smooth.mean():
            break
        ends = (0, len(profile), *found)
        if all(abs(int(column) - end) >= margin for end in ends):
            found.append(int(column))
    return sorted(found)


def _from_left_to_right(parts: Labels) -> Labels:
    """Renumber by the horizontal middle."""
    boxes = _boxes(parts)
    order = sorted(boxes, key=lambda number: boxes[number][0] + boxes[number][2])
    table = np.zeros(int(parts.max(initial=0)) + 1, np.int32)
    table[order] = np.arange(1, len(order) + 1)
    return table[parts]


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
