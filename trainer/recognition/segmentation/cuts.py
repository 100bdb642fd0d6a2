"""Cutting a connected component between digits that touch each other.

A cut runs from top to bottom along the slant of the handwriting, or leans a little to one side, and
avoids ink: it is the cheapest path near a line (segmentation by shortest paths, Wang and Jean
1993). There are more cuts than digits; which of them separate two digits is decided by recognition.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from trainer.recognition.array_types import Pixels

_MAX_ROWS = 40  # to which a component is scaled down to search for paths
_SLANTS = np.linspace(-0.2, 0.6, 9)  # of the handwriting: shift to the right per unit of height
_LEANS = (-0.2, 0.0, 0.2)  # of a line, relative to the slant
_LINE_STEP = 2  # pixels from one line to the next
_MAX_DEVIATION = 20  # pixels between a path and the middle of its line
_DEVIATION_COST = 0.05  # of being a pixel farther off the line in a row, in pixels of ink
_BEND_COST = 0.2  # of moving a pixel sideways, in pixels of ink
_MIN_INK = 0.5  # pixels of ink in a row that is not empty
_MIN_ROWS_PER_SIDE = 0.45  # share of the rows in which a cut leaves ink on either side
_MIN_ROWS_BETWEEN = 0.2  # share of the rows with ink between two cuts that differ,
_MIN_DISTANCE = 0.2  # or, with any ink between, mean distance of two cuts that differ, in heights
_MAX_NEIGHBORS = 12  # cuts within one height of a cut

Image32 = NDArray[np.float32]
Integers = NDArray[np.int64]


def cut_component(ink: Pixels) -> NDArray[np.int32]:
    """Cut a component wherever two digits may touch.

    `ink` is uint8 [height, width], filled by the component. Returns the number of the slice that
    each pixel belongs to, from left to right: int32 [height, width], 0 for paper.
    """
    scale = min(1.0, _MAX_ROWS / len(ink))
    size = [max(1, round(side * scale)) for side in ink.shape[::-1]]
    small = cv2.resize(ink, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    small /= max(1.0, float(small.max()))
    # Along the slant of the handwriting strokes are upright, and the ink per column varies most.
    slant = max(_SLANTS, key=lambda slant: float(_deslanted(small, slant).sum(axis=0).std()))
    rows, columns = np.nonzero(ink)
    row = np.minimum((rows * scale).astype(np.int64), len(small) - 1)
    column = columns * scale + slant * row + _left_padding(slant, len(small))
    numbers = np.zeros(ink.shape, np.int32)
    numbers[rows, columns] = 1
    for path in _find_cuts(_deslanted(small, slant)):
        numbers[rows, columns] += column > path[row]
    return numbers


def _deslanted(ink: Image32, slant: float) -> Image32:
    """Shear ink so that handwriting with this slant becomes upright."""
    rows, columns = ink.shape
    matrix = np.array([[1, slant, _left_padding(slant, rows)], [0, 1, 0]], np.float32)
    width = columns + int(np.ceil(abs(slant) * rows))
    return cv2.warpAffine(ink, matrix, (width, rows)).astype(np.float32, copy=False)


def _left_padding(slant: float, rows: int) -> float:
    """Space that shearing needs on the left, in pixels."""
    return max(0.0, -slant * rows)


def _find_cuts(ink: Image32) -> Integers:
    """Paths that cross little ink and differ from each other, left to right: int64 [cuts, rows]."""
    rows, width = ink.shape
    middles = np.arange(_LINE_STEP, width - _LINE_STEP, _LINE_STEP)
    paths = np.concatenate([_cheapest_paths(ink, middles, lean) for lean in _LEANS])
    every_row = np.arange(rows)
    cumulative = np.zeros((rows, width + 1), np.float32)
    np.cumsum(ink, axis=1, out=cumulative[:, 1:])
    left_of = cumulative[every_row, paths]
    right_of = cumulative[:, -1] - left_of
    has_two_sides = (
        np.minimum(_share_of_rows(left_of), _share_of_rows(right_of)) >= _MIN_ROWS_PER_SIDE
    )
    found: list[int] = []
    for index in np.argsort(ink[every_row, paths].sum(axis=1), kind="stable"):
        if not has_two_sides[index]:
            continue
        between = _share_of_rows(np.abs(left_of[found] - left_of[index]))
        distance = np.abs(paths[found] - paths[index]).mean(axis=1) / rows
        differs = (between >= _MIN_ROWS_BETWEEN) | (between > 0) & (distance >= _MIN_DISTANCE)
        if differs.all() and np.count_nonzero(distance < 1) < _MAX_NEIGHBORS:
            found.append(int(index))
    order = np.argsort(paths[found].mean(axis=1), kind="stable")
    return paths[found][order]


def _share_of_rows(ink_by_row: Image32) -> Image32:
    """The share of rows (the last axis) that contain ink."""
    return (ink_by_row > _MIN_INK).mean(axis=-1, dtype=np.float32)


def _cheapest_paths(ink: Image32, middles: Integers, lean: float) -> Integers:
    """The cheapest path near each line, by dynamic programming: int64 [lines, rows] of columns.

    `middles` are the columns at which the lines cross the middle row, int64 [lines]; `lean` is
    their slope in columns per row.
    """
    rows, width = ink.shape
    offsets = np.arange(-_MAX_DEVIATION, _MAX_DEVIATION + 1)
    columns = middles[:, None] + offsets
    padded = np.pad(ink, ((0, 0), (_MAX_DEVIATION, _MAX_DEVIATION)))  # a path may leave the ink
    cost = np.zeros(columns.shape, np.float32)
    steps = np.zeros((rows, *columns.shape), np.int8)
    for row in range(rows):
        beside = np.pad(cost, ((0, 0), (1, 1)), constant_values=np.inf)
        ways = np.stack([beside[:, 1:-1], beside[:, :-2] + _BEND_COST, beside[:, 2:] + _BEND_COST])
        best = ways.argmin(axis=0)
        steps[row] = np.array([0, -1, 1], np.int8)[best]
        deviation = np.abs(offsets - lean * (row - rows / 2)).astype(np.float32)
        cost = np.take_along_axis(ways, best[None], axis=0)[0]
        cost += padded[row, columns + _MAX_DEVIATION] + _DEVIATION_COST * deviation
    paths = np.zeros((len(middles), rows), np.int64)
    paths[:, -1] = cost.argmin(axis=1)
    for row in range(rows - 1, 0, -1):
        at = paths[:, row]
        paths[:, row - 1] = at + steps[row, np.arange(len(middles)), at]
    return np.clip(paths + columns[:, :1], 0, width - 1)
