"""Connected pieces of ink: which are dirt, and which belong together."""

from __future__ import annotations

import cv2
import numpy as np

from trainer.preprocess.arrays import Pixels

Box = tuple[int, int, int, int]
"""x, y, width, height."""

_INK_SHARE = 0.15  # of the strongest ink; fainter pixels count as paper
_SPECK_AREA = 0.05  # of the largest piece's
_SPECK_LENGTH = 0.2  # of the largest piece's longer side
_MARGIN = 1  # pixels; what comes as near to the picture's edge lies across it
_LEAST_WITHIN = 0.1  # of the largest piece's area
_NEAR = 0.2  # of the longer side of the largest piece within


def mask_of(ink: Pixels) -> Pixels:
    """Where there is ink at all: uint8, 0 or 1."""
    least = _INK_SHARE * int(ink.max(initial=0))
    return cv2.threshold(ink, least, 1, cv2.THRESH_BINARY)[1]


def bounds(ink: Pixels) -> Box:
    """The bounding box of the ink."""
    x, y, width, height = cv2.boundingRect(mask_of(ink))
    return x, y, width, height


def without_specks(ink: Pixels) -> Pixels:
    """Drop the pieces that are both much smaller and much shorter than the largest one."""
    mask = mask_of(ink)
    x, y, width, height = cv2.boundingRect(mask)
    inside = (slice(y, y + height), slice(x, x + width))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask[inside], connectivity=8)
    if count <= 2:  # the paper and one piece
        return ink
    specks = are_specks(stats[1:])
    if not specks.any():
        return ink
    kept = np.zeros(count, np.uint8)
    kept[1:] = 255 * ~specks
    cleaned = np.zeros_like(ink)
    cleaned[inside] = cv2.bitwise_and(ink[inside], kept[labels])
    return cleaned


def without_edges(ink: Pixels) -> Pixels:
    """Drop what reaches in from outside the picture, where there is a piece that lies within it.

    The edge of the sheet, a shadow, a neighbour's ink. What is near the largest piece within is
    kept: it may be a stroke of the same digit.
    """
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask_of(ink), connectivity=8)
    if count <= 2:
        return ink
    pieces = stats[1:]
    low, high = pieces[:, :2], pieces[:, :2] + pieces[:, 2:4]
    outside = (low <= _MARGIN).any(axis=1) | (high >= np.array(ink.shape[::-1]) - _MARGIN).any(
        axis=1
    )
    areas = np.where(outside, 0, pieces[:, cv2.CC_STAT_AREA])
    main = int(areas.argmax())
    if areas[main] < _LEAST_WITHIN * pieces[:, cv2.CC_STAT_AREA].max():
        return ink
    apart = np.maximum(low - high[main], low[main] - high).max(axis=1)
    dropped = outside & (apart > _NEAR * pieces[main, 2:4].max())
    kept = np.zeros(count, np.uint8)
    kept[1:] = 255 * ~dropped
    return cv2.bitwise_and(ink, kept[labels])


def are_specks(stats: np.ndarray) -> np.ndarray:
    """Which of these pieces are dirt beside the largest: bool [pieces], from OpenCV's table."""
    largest = stats[stats[:, cv2.CC_STAT_AREA].argmax()]
    lengths = np.maximum(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT])
    length = max(largest[cv2.CC_STAT_WIDTH], largest[cv2.CC_STAT_HEIGHT])
    return (stats[:, cv2.CC_STAT_AREA] < _SPECK_AREA * largest[cv2.CC_STAT_AREA]) & (
        lengths < _SPECK_LENGTH * length
    )
