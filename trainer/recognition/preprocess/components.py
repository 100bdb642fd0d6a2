"""Removes connected components of ink that do not belong to the drawing: specks, grain, strays."""

from __future__ import annotations

import cv2
import numpy as np

from trainer.recognition.array_types import Pixels
from trainer.recognition.preprocess.surroundings import erase_enclosures, underline

Box = tuple[int, int, int, int]
"""(x, y, width, height) in pixels."""

_MIN_STRENGTH = 0.15  # of the strongest ink: fainter pixels count as paper
_MAX_SPECK_AREA = 0.05  # of the largest component's area
_MAX_SPECK_LENGTH = 0.2  # of the largest component's longer side
_MIN_PEAK = 0.45  # of the strongest ink: a component that is nowhere as strong is not ink
_MAX_STRAY_LENGTH = 0.6  # of the main component's longer side: longer ones may be a 1 beside it
_BORDER_MARGIN = 1  # pixels: a component as near to the border is taken to cross it
_MAX_STRIP_WIDTH = 0.05  # of the image's side: a thinner component along the border is no stroke
_MIN_MAIN_INK = 0.025  # of the strongest component's ink, a table's edge: a digit has at least that
_MAX_STRAY_INK = 0.2  # of the main component's ink: a component with less, far from it, is a stray
_MAX_BAR_HEIGHT = 0.08  # of the picture's height: a phone's status or navigation bar
_MAX_SYMBOL_LENGTH = 0.3  # of the main component's longer side: a symbol in such a bar
_MIN_SYMBOLS = 3  # in these bars: fewer may belong to the drawing
_MAX_COMPARED = 200  # components whose distances are computed, to bound the time
_LEAST_BESIDE = 0.15  # of the largest piece's longer side: a shorter piece beside it is a speck
_MAX_GAP = 0.2  # of the main component's longer side: components nearer than this belong to it


def mask_of(ink: Pixels) -> Pixels:
    """Where there is ink: uint8 [height, width], 0 or 1."""
    threshold = _MIN_STRENGTH * cv2.norm(ink, cv2.NORM_INF)
    return cv2.threshold(ink, threshold, 1, cv2.THRESH_BINARY)[1]


def bounds(ink: Pixels) -> Box:
    """The bounding box of the ink, uint8 [height, width]."""
    x, y, width, height = cv2.boundingRect(mask_of(ink))
    return x, y, width, height


def are_beside(ink: Pixels) -> bool:
    """Whether ink, uint8 [height, width], stands beside other ink with a gap of paper between.

    What is shorter and narrower than a share of the largest piece does not count.
    """
    mask = mask_of(ink)
    columns = np.flatnonzero(cv2.reduce(mask, 0, cv2.REDUCE_MAX))
    ends = np.flatnonzero(np.diff(columns) > 1)
    if not len(ends):  # as in most drawings
        return False
    runs = np.split(columns, ends + 1)
    boxes = [cv2.boundingRect(np.ascontiguousarray(mask[:, run[0] : run[-1] + 1])) for run in runs]
    lengths = sorted(max(width, height) for _, _, width, height in boxes)
    return lengths[-2] >= _LEAST_BESIDE * lengths[-1]


def remove_specks(ink: Pixels) -> tuple[Pixels, Box]:
    """Remove what surrounds the drawing, and specks of dirt.

    Specks are components that are both much smaller and much shorter than the largest one. Takes
    uint8 [height, width], and returns it with the bounding box of what is left.
    """
    mask = mask_of(ink)
    x, y, width, height = cv2.boundingRect(mask)
    inside = (slice(y, y + height), slice(x, x + width))
    if cv2.connectedComponents(mask[inside], connectivity=8)[0] <= 2:  # the paper and one component
        return ink, (x, y, width, height)
    left = _without_specks(ink, mask, inside)
    return left, bounds(left)


def _without_specks(ink: Pixels, mask: Pixels, inside: tuple[slice, slice]) -> Pixels:
    """The ink of several components, `inside` whose bounding box they all are."""
    y, x = inside[0].start, inside[1].start
    # The statistics take several times as long, and most drawings are one component.
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask[inside], connectivity=8)
    if (erased := erase_enclosures(ink[inside], labels, stats)) is not None:
        ink = embedded(erased, ink.shape, (y, x))
        count, labels, stats, _ = cv2.connectedComponentsWithStats(
            mask_of(ink)[inside], connectivity=8
        )
    kept = np.zeros(count, bool)
    kept[1:] = ~(are_specks(stats[1:]) | _are_symbols(stats[1:], y, len(ink)))
    kept[underline(stats, kept)] = False
    if kept[1:].all():
        return ink
    left = (255 * kept).astype(np.uint8)[labels]
    return embedded(cv2.bitwise_and(ink[inside], left), ink.shape, (y, x))


def embedded(part: Pixels, shape: tuple[int, ...], corner: tuple[int, int]) -> Pixels:
    """Put a part of an image where it was, on paper: uint8 of this `shape`.

    `corner` is the part's first row and column.
    """
    whole = np.zeros(shape, np.uint8)
    top, left = corner
    whole[top : top + part.shape[0], left : left + part.shape[1]] = part
    return whole


def remove_faint_components(ink: Pixels) -> Pixels:
    """Remove components that are nowhere strong: remains of ruled lines, and paper grain.

    Faint parts of a stroke are kept as they are connected to strong ones, across gaps of up to two
    pixels (hysteresis thresholding, Canny 1986). Takes and returns uint8 [height, width].
    """
    joined = cv2.dilate((ink > 0).astype(np.uint8), np.ones((3, 3), np.uint8))
    count, labels = cv2.connectedComponents(joined, connectivity=8)
    kept = np.zeros(count, np.uint8)
    kept[labels[ink >= max(1.0, _MIN_PEAK * int(ink.max(initial=0)))]] = 255
    return cv2.bitwise_and(ink, kept[labels])


def remove_strays(ink: Pixels, keep_crossing: bool = True, max_gap: float = _MAX_GAP) -> Pixels:
    """Remove components of a photo that do not belong to the drawing.

    If there is a main component that lies within the image, two kinds are removed: those that
    cross the border (the edge of the sheet, a shadow, neighboring text), and small ones (remains of
    ruled lines, grain). Those connected to the main component by gaps of at most `max_gap`, in its
    longer sides, are kept, as they may be strokes of the same digit; but, without `keep_crossing`,
    none that cross the border. Thin strips along the border are removed in any case,
    unless there is nothing else. Takes and returns uint8 [height, width].
    """
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask_of(ink), connectivity=8)
    if count <= 2:
        return ink
    boxes = stats[1:]
    low, high = boxes[:, :2], boxes[:, :2] + boxes[:, 2:4]
    sides, extent = np.array(ink.shape[::-1]), high - low
    at_border = (low <= _BORDER_MARGIN) | (high >= sides - _BORDER_MARGIN)  # [n, 2], by axis
    flat = (extent <= _MAX_STRIP_WIDTH * sides) & (extent < extent[:, ::-1])
    strips = (at_border & flat).any(axis=1)
    removed = strips & ~strips.all()
    crosses_border: np.ndarray = np.asarray(at_border.any(axis=1))
    mass = np.bincount(labels.ravel(), ink.ravel(), count)[1:]
    mass_within = np.where(crosses_border, 0, mass)
    main = int(mass_within.argmax())
    if mass_within[main] >= _MIN_MAIN_INK * mass[~removed].max():
        largest = np.argsort(-mass)[:_MAX_COMPARED]
        compared = np.concatenate([[main], largest[largest != main]])
        if not keep_crossing:
            compared = compared[(compared == main) | ~crosses_border[compared]]
        near = np.zeros(len(mass), bool)
        gap = max_gap * float(extent[main].max())
        near[compared] = _reachable(low[compared], high[compared], gap)
        length = extent.max(axis=1)
        small = (mass < _MAX_STRAY_INK * mass[main]) & (length < _MAX_STRAY_LENGTH * length[main])
        removed |= (crosses_border | small) & ~near
    kept = np.zeros(count, np.uint8)
    kept[1:] = 255 * ~removed
    return cv2.bitwise_and(ink, kept[labels])


def _are_symbols(stats: np.ndarray, start: int, height: int) -> np.ndarray:
    """Which components are those of a phone's status and navigation bars: bool [n].

    They are several short ones, or a flat one, in a strip along the upper or lower edge, far from
    the drawing. `stats` is as in `are_specks`, of a part of the picture that begins in the row
    `start`; `height` is that of the picture.
    """
    low = stats[:, :2].astype(np.int64)
    extent = stats[:, 2:4].astype(np.int64)
    top = low[:, 1] + start
    strip = _MAX_BAR_HEIGHT * height
    in_bar = (top + extent[:, 1] <= strip) | (top >= height - strip)
    length = extent.max(axis=1)
    main = int(extent.prod(axis=1).argmax())
    short = in_bar & (length < _MAX_SYMBOL_LENGTH * length[main])
    flat = in_bar & (extent[:, 1] <= _MAX_STRIP_WIDTH * extent[:, 0])
    symbols = short | flat if np.count_nonzero(short) >= _MIN_SYMBOLS else flat
    if not symbols.any() or len(stats) > _MAX_COMPARED:
        return np.zeros(len(stats), bool)
    order = np.concatenate([[main], np.flatnonzero(np.arange(len(stats)) != main)])
    near = np.zeros(len(stats), bool)
    near[order] = _reachable(low[order], (low + extent)[order], _MAX_GAP * float(length[main]))
    return symbols & ~near


def _reachable(low: np.ndarray, high: np.ndarray, gap: float) -> np.ndarray:
    """Which boxes can be reached from the first one across gaps of at most `gap` pixels.

    `low` and `high` are their corners, [n, 2]. Returns bool [n].
    """
    reached = np.zeros(len(low), bool)
    new = [0]
    while new:
        reached[new] = True
        apart = np.maximum(low[:, None] - high[new], low[new] - high[:, None]).max(axis=2)
        new = np.flatnonzero(~reached & (apart.min(axis=1) <= gap)).tolist()
    return reached


def are_specks(stats: np.ndarray) -> np.ndarray:
    """Which components are specks of dirt, compared to the largest one: bool [n].

    `stats` is the table of `cv2.connectedComponentsWithStats`, int32 [n, 5], without the paper.
    """
    largest = stats[stats[:, cv2.CC_STAT_AREA].argmax()]
    lengths = np.maximum(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT])
    length = max(largest[cv2.CC_STAT_WIDTH], largest[cv2.CC_STAT_HEIGHT])
    return (stats[:, cv2.CC_STAT_AREA] < _MAX_SPECK_AREA * largest[cv2.CC_STAT_AREA]) & (
        lengths < _MAX_SPECK_LENGTH * length
    )
