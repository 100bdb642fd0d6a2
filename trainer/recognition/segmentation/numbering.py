"""Segments and their numbers, in reading order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SegmentMap = NDArray[np.int32]
"""The segment that each pixel belongs to: int32 [height, width], 0 for paper and specks, then 1, 2,
… in reading order."""

Corners = tuple[int, int, int, int]
"""(left, top, right, bottom) in pixels."""


@dataclass(frozen=True, slots=True)
class Segment:
    """The bounding box of a segment in pixels, its component, and its row."""

    left: int
    top: int
    right: int
    bottom: int
    component: int
    """Number of the connected component that it was cut from."""
    row: int
    """Counted from 0 at the top."""

    @property
    def width(self) -> int:
        """In pixels."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """In pixels."""
        return self.bottom - self.top


def numbered(
    labels: SegmentMap, uncut: SegmentMap, rows: Mapping[int, int]
) -> tuple[SegmentMap, list[Segment]]:
    """Renumber segments by row, and within a row by their horizontal middle.

    `labels` may have them in any order; `uncut` is the map before cutting, and `rows` has the row
    of each segment of it.
    """
    boxes = boxes_of(labels)
    component = np.zeros(int(labels.max(initial=0)) + 1, np.int32)
    component[labels.ravel()] = uncut.ravel()
    row = {number: rows[int(component[number])] for number in boxes}
    order = sorted(boxes, key=lambda number: (row[number], boxes[number][0] + boxes[number][2]))
    renumbered = np.zeros_like(component)
    renumbered[order] = np.arange(1, len(order) + 1)
    segments = [Segment(*boxes[number], int(component[number]), row[number]) for number in order]
    return renumbered[labels], segments


def boxes_of(labels: SegmentMap) -> dict[int, Corners]:
    """The corners of each segment, by its number, in ascending order."""
    rows, columns = np.nonzero(labels)
    numbers = labels[rows, columns]
    count = int(numbers.max(initial=0)) + 1
    low = np.full((2, count), max(labels.shape), np.int64)
    high = np.zeros((2, count), np.int64)
    for axis, places in enumerate((columns, rows)):
        np.minimum.at(low[axis], numbers, places)
        np.maximum.at(high[axis], numbers, places + 1)
    corners = np.concatenate([low, high]).T.tolist()
    return {number: tuple(box) for number, box in enumerate(corners) if box[2]}


def corners_of_rows(segments: Sequence[Segment]) -> list[Corners]:
    """The corners of each row, from top to bottom."""
    rows = [
        [each for each in segments if each.row == row]
        for row in sorted({each.row for each in segments})
    ]
    return [hull(row) for row in rows]


def hull(segments: Sequence[Segment]) -> Corners:
    """The corners of at least one segment."""
    return (
        min(each.left for each in segments),
        min(each.top for each in segments),
        max(each.right for each in segments),
        max(each.bottom for each in segments),
    )
