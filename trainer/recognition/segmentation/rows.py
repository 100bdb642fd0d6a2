"""Rows of a number: which components of ink stand beside each other, and which below.

A component continues the row of its neighbor if both are at about the same height, so that rows
may slant. Small components (bars, dots, marks) start no row, and neither does a component that is
taller than two rows.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.int64]
"""Corners of components in pixels, int64 [n, 4]: left, top, right, bottom."""
Integers = NDArray[np.int64]

_MIN_HEIGHT = 0.3  # of the tallest component: lower ones are dashes and dots
_USUAL = 0.6  # quantile of the heights of the others that is the height of a digit
_MIN_OF_USUAL = 0.5  # lower ones start no row, as the rings of a per cent sign
_MIN_OVERLAP = 0.3  # vertically, of the lower of two neighbors in one row
_MAX_OVERLAP = 0.2  # vertically, of the lower of two components of different rows
_MIN_STACKED = 0.5  # horizontally, of the narrower of two components that stand one above the other
_MIN_SPANNED = 0.5  # of the height of each of two rows, that a component beside both overlaps,
_MIN_SPAN = 1.4  # and its least height, in heights of the taller of them
_MAX_GAP_WITHIN = 0.15  # between two parts of one digit, one above the other, in their joint height
_MAX_ASPECT = 2.4  # of one digit in two parts: joint height by width
_MAX_TALLER = 1.15  # of one digit in two parts than another digit of its row


def find_rows(boxes: Boxes) -> Integers:
    """The row of each of at least one component, counted from 0 at the top: int64 [n]."""
    height = boxes[:, 3] - boxes[:, 1]
    usual = np.quantile(height[height >= _MIN_HEIGHT * height.max()], _USUAL)
    starts = height >= _MIN_OF_USUAL * usual
    alone = starts & ~_span_rows(boxes, starts)
    if not alone.any():
        return np.zeros(len(boxes), np.int64)
    rows = _joined_parts(boxes, alone, _chains(boxes, alone))
    others = np.flatnonzero(~alone)
    members = np.flatnonzero(alone)
    nearest = members[_distances(boxes[others], boxes[members]).argmin(axis=1)]
    rows[others] = rows[nearest]
    return _from_top_to_bottom(boxes, alone, rows)


def _overlap(boxes: Boxes, axis: int) -> Boxes:
    """Length that each two boxes share, negative for a gap: int64 [n, n]; axis 0 is horizontal."""
    low, high = boxes[:, axis], boxes[:, axis + 2]
    shared: Boxes = np.minimum(high[:, None], high) - np.maximum(low[:, None], low)
    return shared


def _smaller(lengths: Integers) -> Boxes:
    smaller: Boxes = np.minimum(lengths[:, None], lengths)
    return smaller


def _span_rows(boxes: Boxes, starts: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which components stand beside two others, one of which is below the other: bool [n]."""
    height = boxes[:, 3] - boxes[:, 1]
    vertical = _overlap(boxes, 1)
    beside = (vertical >= _MIN_SPANNED * height) & starts & (height * _MIN_SPAN <= height[:, None])
    below = (vertical <= _MAX_OVERLAP * _smaller(height)) & starts & starts[:, None]
    return np.array([bool(below[np.ix_(each, each)].any()) for each in beside])


def _chains(boxes: Boxes, alone: NDArray[np.bool_]) -> Integers:
    """Number of the chain of neighbors that each component is in: int64 [n], -1 if not `alone`."""
    middle = boxes[:, 0] + boxes[:, 2]
    height = boxes[:, 3] - boxes[:, 1]
    level = _overlap(boxes, 1) >= _MIN_OVERLAP * _smaller(height)
    chain = np.where(alone, np.arange(len(boxes)), -1)
    for each in np.flatnonzero(alone):
        right = np.flatnonzero(alone & level[each] & (middle > middle[each]))
        if len(right):
            neighbor = right[middle[right].argmin()]
            chain[chain == chain[each]] = chain[neighbor]
    return chain


def _joined_parts(boxes: Boxes, alone: NDArray[np.bool_], rows: Integers) -> Integers:
    """Join a row of one component to another row, if it is a part of a digit of that row."""
    width, height = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    stacked = _overlap(boxes, 0) >= _MIN_STACKED * _smaller(width)
    gaps = -_overlap(boxes, 1)
    joined = rows.copy()
    for part in np.flatnonzero(alone):
        if np.count_nonzero(joined == joined[part]) > 1:
            continue
        hosts = np.flatnonzero(alone & stacked[part] & (joined != joined[part]))
        if not len(hosts):
            continue
        host = hosts[gaps[part, hosts].argmin()]
        together = _hull(boxes[[part, host]])
        tall = together[3] - together[1]
        others = alone.copy()
        others[[part, host]] = False
        beside = others & (boxes[:, 1] < together[3]) & (boxes[:, 3] > together[1])
        if beside.any():
            is_part = tall <= _MAX_TALLER * height[beside].max()
        else:
            is_part = not others.any() and tall <= _MAX_ASPECT * (together[2] - together[0])
            is_part = is_part and gaps[part, host] <= _MAX_GAP_WITHIN * tall
        if is_part:
            joined[part] = joined[host]
    return joined


def _hull(boxes: Boxes) -> Integers:
    return np.concatenate([boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)])


def _distances(boxes: Boxes, others: Boxes) -> NDArray[np.float64]:
    """Distances between the boxes of two lists, by their nearest sides: float64 [n, m].

    The distance of their middles decides between equal ones.
    """
    gap = np.maximum(boxes[:, None, :2] - others[:, 2:], others[:, :2] - boxes[:, None, 2:])
    middles = (boxes[:, None, :2] + boxes[:, None, 2:] - others[:, :2] - others[:, 2:]) / 2
    distance: NDArray[np.float64] = np.hypot(*np.moveaxis(gap.clip(0), 2, 0))
    return distance + 1e-3 * np.hypot(*np.moveaxis(middles, 2, 0))


def _from_top_to_bottom(boxes: Boxes, alone: NDArray[np.bool_], rows: Integers) -> Integers:
    """Number the rows by the mean height of their components, without those beside two rows."""
    middle = boxes[:, 1] + boxes[:, 3]
    names = np.unique(rows[alone])
    heights = [float(middle[alone & (rows == name)].mean()) for name in names]
    order = names[np.argsort(heights, kind="stable")].tolist()
    return np.array([order.index(row) for row in rows.tolist()], np.int64)
