"""Frames and bars along a picture's edges: borders of screenshots, letterboxes, table cells."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import cv2
import numpy as np
from numpy.typing import NDArray

from trainer.recognition.array_types import Pixels

_TOLERANCE = 24  # gray levels, in any channel, by which the pixels of a bar differ at most
_MIN_UNIFORM = 0.97  # share of a bar's pixels that have its color, in each row
_MAX_BLURRED = 3  # rows between a bar and the picture within, blurred by compression
_MIN_DIFFERENT = 0.85  # share of the row behind a bar that has another color, in its middle half
_MIN_DEPTH = 0.05  # of the picture's height: rows behind a bar, more than a ruled line has,
_MIN_DEEP = 0.5  # of which so much has another color
_MIN_PAPER = 0.55  # share of the picture within that has another color than the bars
_CORNER_SIDE = 0.05  # of the shorter side of the picture within
_MIN_CORNERS = 3  # with paper: those of a frame have it, a thick round stroke's have not
_MIN_WHOLE_SIDE = 16  # pixels: smaller pictures have no frame
_MIN_SIDE = 0.25  # of the whole picture's: sides of the picture within

View = tuple[slice, slice]
"""Rows and columns of a part of an image."""


def inner_view(channels: Sequence[Pixels]) -> View | None:
    """The part of a picture within uniform bars along its edges, or None if it has none.

    `channels` are uint8 [height, width] each. A bar is uniform, and another color begins all along
    its inner side, as it does not where paper ends at a stroke.
    """
    height, width = channels[0].shape
    if min(height, width) < _MIN_WHOLE_SIDE:
        return None
    rows, columns = [0, height], [0, width]
    bars: list[list[int]] = []
    for axis, ends in enumerate((rows, columns)):
        for from_end in (False, True):
            view = [channel[slice(*rows), slice(*columns)] for channel in channels]
            if axis:
                view = [np.ascontiguousarray(channel.T) for channel in view]
            if from_end:
                view = [channel[::-1] for channel in view]
            color = [
                int(np.partition(channel[0], len(channel[0]) // 2)[len(channel[0]) // 2])
                for channel in view
            ]
            thickness = _thickness(view, color)
            if thickness:
                bars.append(color)
            ends[from_end] += -thickness if from_end else thickness
    inside = slice(*rows), slice(*columns)
    if (
        not bars
        or rows[1] - rows[0] < _MIN_SIDE * height
        or columns[1] - columns[0] < (_MIN_SIDE * width)
    ):
        return None
    within = [channel[inside] for channel in channels]
    for color in bars:
        paper = _difference(within, color) > _TOLERANCE
        if paper.mean() < _MIN_PAPER or _corners(paper) < _MIN_CORNERS:
            return None
    return inside


def _corners(paper: NDArray[np.bool_]) -> int:
    """In how many corners of a picture there is mostly paper, bool [height, width]."""
    side = max(1, round(_CORNER_SIDE * min(paper.shape)))
    ends = slice(None, side), slice(-side, None)
    return sum(paper[rows, columns].mean() > 0.5 for rows in ends for columns in ends)


def _difference(channels: Sequence[Pixels], color: Sequence[int]) -> Pixels:
    """By how much each pixel differs from a color in any channel."""
    return reduce(
        cv2.max,
        [
            cv2.absdiff(channel, np.full_like(channel, level))
            for channel, level in zip(channels, color, strict=True)
        ],
    )


def _thickness(channels: Sequence[Pixels], color: Sequence[int]) -> int:
    """The number of rows at the top that belong to a bar of this color; 0 if there is no bar."""
    first = _difference([channel[:1] for channel in channels], color)
    if (first <= _TOLERANCE).mean() < _MIN_UNIFORM:
        return 0
    different = _difference(channels, color) > _TOLERANCE
    height, width = different.shape
    middle = different[:, width // 4 : width - width // 4].mean(axis=1)
    uniform = different.mean(axis=1) <= 1 - _MIN_UNIFORM
    end = int(np.argmin(uniform))  # the first row that is not; 0 if all are
    behind = np.flatnonzero(middle[end : end + _MAX_BLURRED] >= _MIN_DIFFERENT)
    if not end or not len(behind):
        return 0
    end += int(behind[0])
    deep = middle[end : end + max(_MAX_BLURRED, round(_MIN_DEPTH * height))]
    return end if deep.min() >= _MIN_DEEP else 0
