"""Cutting one piece of ink between digits that touch each other.

A cut runs from the top to the bottom along the hand's slant, or leans a little to one side, and
gives way to ink: it is the cheapest path near a line (segmentation by shortest paths, Wang and Jean
1993). There are more cuts than digits; which of them part two digits is seen by reading.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from trainer.recognition.preprocess.arrays import Pixels

_ROWS = 40  # of the piece while paths are looked for, at most
_SLANTS = np.linspace(-0.2, 0.6, 9)  # of the hand, as a share of the height, to the right
_LEANS = (-0.2, 0.0, 0.2)  # of a line, beside that
_STEP = 2  # pixels from one line to the next
_REACH = 20  # pixels that a path may be off the middle of its line
_ASIDE = 0.05  # ink that a path may meet in a row rather than be a pixel farther off its line
_BEND = 0.2  # ink that it may meet rather than go a pixel aside
_HALF_INK = 0.5  # of a pixel: with less there is nothing in a row
_LEAST_SIDE = 0.45  # share of the rows in which a cut leaves ink on either side
_LEAST_BETWEEN = 0.2  # share of the rows in which there is ink between two cuts,
_FAR = 0.2  # or any ink, and two cuts so far apart, in heights
_MOST_NEAR = 12  # cuts within one height of a cut

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]


def slices(ink: Pixels) -> NDArray[np.int32]:
    """Number the slices of a piece from left to right: int32 [height, width], 0 for paper.

    The ink fills its array, uint8 [height, width].
    """
    scale = min(1.0, _ROWS / len(ink))
    size = [max(1, round(side * scale)) for side in ink.shape[::-1]]
    small = cv2.resize(ink, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    small /= max(1.0, float(small.max()))
    # Along the hand's own slant strokes stand upright, and the ink in a column varies most.
    slant = max(_SLANTS, key=lambda slant: float(_sheared(small, slant).sum(axis=0).std()))
    rows, columns = np.nonzero(ink)
    row = np.minimum((rows * scale).astype(np.int64), len(small) - 1)
    column = columns * scale + slant * row + _room(slant, len(small))
    numbers = np.zeros(ink.shape, np.int32)
    numbers[rows, columns] = 1
    for path in _cuts(_sheared(small, slant)):
        numbers[rows, columns] += column > path[row]
    return numbers


def _sheared(ink: Floats, slant: float) -> Floats:
    """Set ink upright that is written with a slant."""
    rows, columns = ink.shape
    matrix = np.array([[1, slant, _room(slant, rows)], [0, 1, 0]], np.float32)
    width = columns + int(np.ceil(abs(slant) * rows))
    return cv2.warpAffine(ink, matrix, (width, rows)).astype(np.float32, copy=False)


def _room(slant: float, rows: int) -> float:
    """What shearing needs on the left, in pixels."""
    return max(0.0, -slant * rows)


def _cuts(ink: Floats) -> Integers:
    """Paths that meet little ink and differ from each other, from left to right: [cuts, rows]."""
    rows, width = ink.shape
    middles = np.arange(_STEP, width - _STEP, _STEP)
    paths = np.concatenate([_cheapest_paths(ink, middles, lean) for lean in _LEANS])
    every = np.arange(rows)
    ink_before = np.zeros((rows, width + 1), np.float32)
    np.cumsum(ink, axis=1, out=ink_before[:, 1:])
    before = ink_before[every, paths]
    behind = ink_before[:, -1] - before
    has_sides = np.minimum(_filled(before), _filled(behind)) >= _LEAST_SIDE
    found: list[int] = []
    for index in np.argsort(ink[every, paths].sum(axis=1), kind="stable"):
        if not has_sides[index]:
            continue
        between = _filled(np.abs(before[found] - before[index]))
        away = np.abs(paths[found] - paths[index]).mean(axis=1) / rows
        is_other = (between >= _LEAST_BETWEEN) | (between > 0) & (away >= _FAR)
        if is_other.all() and np.count_nonzero(away < 1) < _MOST_NEAR:
            found.append(int(index))
    order = np.argsort(paths[found].mean(axis=1), kind="stable")
    return paths[found][order]


def _filled(ink_by_row: Floats) -> Floats:
    """The share of rows, the last axis, in which there is ink."""
    return (ink_by_row > _HALF_INK).mean(axis=-1, dtype=np.float32)


def _cheapest_paths(ink: Floats, middles: Integers, lean: float) -> Integers:
    """For each line, int64 [lines], the path near it that costs least: [lines, rows]."""
    rows, width = ink.shape
    around = np.arange(-_REACH, _REACH + 1)
    columns = middles[:, None] + around
    room = np.pad(ink, ((0, 0), (_REACH, _REACH)))  # a path may pass by the piece
    cost = np.zeros(columns.shape, np.float32)
    steps = np.zeros((rows, *columns.shape), np.int8)
    for row in range(rows):
        beside = np.pad(cost, ((0, 0), (1, 1)), constant_values=np.inf)
        ways = np.stack([beside[:, 1:-1], beside[:, :-2] + _BEND, beside[:, 2:] + _BEND])
        best = ways.argmin(axis=0)
        steps[row] = np.array([0, -1, 1], np.int8)[best]
        aside = np.abs(around - lean * (row - rows / 2)).astype(np.float32)
        cost = np.take_along_axis(ways, best[None], axis=0)[0]
        cost += room[row, columns + _REACH] + _ASIDE * aside
    paths = np.zeros((len(middles), rows), np.int64)
    paths[:, -1] = cost.argmin(axis=1)
    for row in range(rows - 1, 0, -1):
        at = paths[:, row]
        paths[:, row - 1] = at + steps[row, np.arange(len(middles)), at]
    return np.clip(paths + columns[:, :1], 0, width - 1)
