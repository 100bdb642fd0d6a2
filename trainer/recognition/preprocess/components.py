"""Connected pieces of ink: which are dirt, and which belong together."""

from __future__ import annotations

import cv2
import numpy as np

from trainer.recognition.preprocess.arrays import Pixels

Box = tuple[int, int, int, int]
"""x, y, width, height."""

_INK_SHARE = 0.15  # of the strongest ink; fainter pixels count as paper
_SPECK_AREA = 0.05  # of the largest piece's
_SPECK_LENGTH = 0.2  # of the largest piece's longer side
_DARK = 0.45  # of the strongest ink: a piece that is nowhere as dark is none
_LONG = 0.6  # of its longer side: what is as long may be a 1 beside it
_MARGIN = 1  # pixels; what comes as near to the picture's edge lies across it
_STRIP = 0.05  # of the picture's side: what lies along its edge and is as thin is no stroke
_LEAST_WITHIN = 0.1  # of the ink of the largest piece
_STRAY = 0.2  # of the main piece's ink: what is smaller, and apart from it, is none of it
_MOST_PIECES = 200  # of which the gaps between each other are looked at
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


def without_faint_pieces(ink: Pixels) -> Pixels:
    """Drop the pieces that are nowhere as dark as ink: what is left of ruled lines, and grain.

    The faint parts of a stroke hang together with its dark ones, but for gaps of two pixels
    (hysteresis, Canny 1986).
    """
    joined = cv2.dilate((ink > 0).astype(np.uint8), np.ones((3, 3), np.uint8))
    count, labels = cv2.connectedComponents(joined, connectivity=8)
    kept = np.zeros(count, np.uint8)
    kept[labels[ink >= max(1.0, _DARK * int(ink.max(initial=0)))]] = 255
    return cv2.bitwise_and(ink, kept[labels])


def without_strays(ink: Pixels) -> Pixels:
    """Drop what is not of the drawing on a photo, where there is a piece that lies within it.

    What reaches in from outside: the edge of the sheet, a shadow, a neighbour's ink. And what is
    small: crumbs of ruled lines, grain. What hangs together with the main piece by short gaps is
    kept, for it may be a stroke of the same digit. Strips along an edge go from beside anything.
    """
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask_of(ink), connectivity=8)
    if count <= 2:
        return ink
    pieces = stats[1:]
    low, high = pieces[:, :2], pieces[:, :2] + pieces[:, 2:4]
    sides, extent = np.array(ink.shape[::-1]), high - low
    at_edge = (low <= _MARGIN) | (high >= sides - _MARGIN)  # left or right, top or bottom
    flat = (extent <= _STRIP * sides) & (extent < extent[:, ::-1])
    strips = (at_edge & flat).any(axis=1)
    dropped = strips & ~strips.all()
    outside = at_edge.any(axis=1)
    mass = np.bincount(labels.ravel(), ink.ravel(), count)[1:]
    within = np.where(outside, 0, mass)
    main = int(within.argmax())
    if within[main] >= _LEAST_WITHIN * mass[~dropped].max():
        largest = np.argsort(-mass)[:_MOST_PIECES]
        few = np.concatenate([[main], largest[largest != main]])  # work is bounded on any picture
        near = np.zeros(len(mass), bool)
        near[few] = _hanging_together(low[few], high[few], _NEAR * float(extent[main].max()))
        longest = extent.max(axis=1)
        small = (mass < _STRAY * mass[main]) & (longest < _LONG * longest[main])
        dropped |= (outside | small) & ~near
    kept = np.zeros(count, np.uint8)
    kept[1:] = 255 * ~dropped
    return cv2.bitwise_and(ink, kept[labels])


def _hanging_together(low: np.ndarray, high: np.ndarray, gap: float) -> np.ndarray:
    """Which boxes are reached from the first by gaps no wider than this: bool [pieces]."""
    reached = np.zeros(len(low), bool)
    new = [0]
    while new:
        reached[new] = True
        apart = np.maximum(low[:, None] - high[new], low[new] - high[:, None]).max(axis=2)
        new = np.flatnonzero(~reached & (apart.min(axis=1) <= gap)).tolist()
    return reached


def are_specks(stats: np.ndarray) -> np.ndarray:
    """Which of these pieces are dirt beside the largest: bool [pieces], from OpenCV's table."""
    largest = stats[stats[:, cv2.CC_STAT_AREA].argmax()]
    lengths = np.maximum(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT])
    length = max(largest[cv2.CC_STAT_WIDTH], largest[cv2.CC_STAT_HEIGHT])
    return (stats[:, cv2.CC_STAT_AREA] < _SPECK_AREA * largest[cv2.CC_STAT_AREA]) & (
        lengths < _SPECK_LENGTH * length
    )
