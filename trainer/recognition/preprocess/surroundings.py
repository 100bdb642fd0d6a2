"""Finds what people draw or print around digits: boxes, circles, cells of a form, underlines.

Works on connected components of ink, so that it costs nothing where there is only one. A component
that touches a digit is a single one with it: `preprocess.alternatives`.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from trainer.recognition.array_types import Pixels
from trainer.recognition.preprocess.rules import remove_rules

_MAX_ENCLOSURES = 20  # that are examined, the largest ones, and
_MAX_EXAMINED = 3  # area of their boxes together, by that of the image
_MAX_COMPARED = 200  # components that may lie within them, the largest ones
_MIN_CONTENT = 0.3  # of an enclosure's height or width: the longest piece within it
_MIN_PEAK = 0.45  # of the enclosure's strongest ink: that of the piece within it
_DIRECTIONS = 48  # into which one looks from the piece within
_MIN_SURROUNDED = 0.87  # share of the directions in which the enclosure is seen
_EXAMINED_SIDE = 128  # pixels of the longer side at which an enclosure is examined
_RING = 0.25  # of a ring's shorter side: within this margin its middle is empty,
_MAX_MIDDLE_INK = 0.02  # but for this share of the ring's pixels
_MAX_REMAINS = 0.25  # of a box's area: ink that is left when its straight lines are removed
_MIN_REMAINING = 0.2  # of a box's height: length of a stroke that touches its lines
_MAX_UNDERLINE_HEIGHT = 0.3  # of its width
_MIN_UNDERLINED_WIDTH = 0.7  # share of the width of what stands on it that it underlines
_MIN_UNDERLINED_HEIGHT = 0.35  # of an underline's width: what stands on it is as tall,
_MIN_NUMBER_WIDTH = 0.8  # or, being a number, as wide as this share of that width,
_MIN_UNDERLINED_HEIGHTS = 2.0  # and in any case as tall as so many underlines
_MIN_WIDTH_ON_NEAR_LINE = 0.45  # of its height: of anything narrower, a near line is the foot
_MIN_UNDERLINE_GAP = 0.06  # of the height of what stands on it, and not less than its thickness

LEFT, TOP, WIDTH, HEIGHT, AREA = range(5)
"""Columns of the table of `cv2.connectedComponentsWithStats`."""


def erase_enclosures(ink: Pixels, labels: NDArray[Any], stats: NDArray) -> Pixels | None:
    """Erase what encloses other ink, or return None if nothing does.

    `ink` is uint8 [height, width]; `labels` and `stats` are its connected components, int32
    [height, width] and [n, 5], as OpenCV gives them, with the paper as number 0.
    """
    enclosing = [
        (outer, inner)
        for outer, inner in _possible_enclosures(stats, labels.size)
        if _is_as_strong(ink, labels, stats, outer, inner)
        and _surrounds(labels, stats, outer, inner)
    ]
    if not enclosing:
        return None
    cleaned = ink.copy()
    erased = [_erase(cleaned, labels, stats[number], number) for number, _ in enclosing]
    return cleaned if any(erased) else None


def _possible_enclosures(stats: NDArray, pixels: int) -> list[tuple[int, int]]:
    """Components whose box contains that of another, long one: (number, number of that one).

    `pixels` is the size of the image.
    """
    area = stats[1:, WIDTH].astype(np.int64) * stats[1:, HEIGHT]
    numbers = (1 + np.argsort(-area, kind="stable")[:_MAX_COMPARED]).tolist()
    boxes = stats[numbers].tolist()
    left = _MAX_EXAMINED * pixels
    found = []
    for number, (x, y, width, height, _) in zip(numbers, boxes[:_MAX_ENCLOSURES], strict=False):
        left -= width * height
        if left < 0:
            break
        within = [
            (ink, each)
            for each, (x2, y2, width2, height2, ink) in zip(numbers, boxes, strict=True)
            if x < x2
            and y < y2
            and x2 + width2 < x + width
            and y2 + height2 < y + height
            and (width2 >= _MIN_CONTENT * width or height2 >= _MIN_CONTENT * height)
        ]
        if within:
            found.append((number, max(within)[1]))
    return found


def _is_as_strong(
    ink: Pixels, labels: NDArray[Any], stats: NDArray, outer: int, inner: int
) -> bool:
    """Whether what lies within is no noise, compared to what surrounds it."""
    peaks = [
        int(np.where(_crop(labels, stats[each]) == each, _crop(ink, stats[each]), 0).max())
        for each in (outer, inner)
    ]
    return peaks[1] >= _MIN_PEAK * peaks[0]


def _surrounds(labels: NDArray[Any], stats: NDArray, outer: int, inner: int) -> bool:
    """Whether one component is seen in nearly all directions from the middle of another."""
    mask = _crop(labels, stats[outer]) == outer
    scale = min(1.0, _EXAMINED_SIDE / max(mask.shape))
    small = _scaled(mask, scale)
    rows, columns = np.nonzero(small)
    middle = stats[inner, :2] + stats[inner, 2:4] / 2 - stats[outer, :2]
    x, y = columns + 0.5 - middle[0] * scale, rows + 0.5 - middle[1] * scale
    angles = np.arctan2(y, x) / (2 * np.pi) % 1
    seen = np.unique((angles * _DIRECTIONS).astype(np.int64))
    return len(seen) >= _MIN_SURROUNDED * _DIRECTIONS


def _erase(cleaned: Pixels, labels: NDArray[Any], box: NDArray, number: int) -> bool:
    """Erase an enclosure in place, but not strokes that touch its straight lines.

    Leaves what is neither a ring nor made of lines, and returns False.
    """
    mask = _crop(labels, box) == number
    if not _is_ring(mask):
        strokes = remove_rules(np.where(mask, np.uint8(255), np.uint8(0)))
        if np.count_nonzero(strokes) > _MAX_REMAINS * int(box[AREA]):
            return False
        mask &= _without_short(strokes, _MIN_REMAINING * len(mask)) == 0
    _crop(cleaned, box)[mask] = 0
    return True


def _is_ring(mask: NDArray[np.bool_]) -> bool:
    """Whether a component, bool [height, width], leaves its middle empty."""
    margin = round(_RING * min(mask.shape))
    middle = mask[margin:-margin, margin:-margin]
    return bool(np.count_nonzero(middle) <= _MAX_MIDDLE_INK * np.count_nonzero(mask))


def _without_short(ink: Pixels, length: float) -> Pixels:
    """Remove components that are shorter than `length` both ways."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    kept = np.zeros(count, np.uint8)
    kept[1:] = 255 * (stats[1:, 2:4].max(axis=1) >= length)
    return cv2.bitwise_and(ink, kept[labels])


def underline(stats: NDArray, left: NDArray[np.bool_]) -> int:
    """The number of the component that underlines all others, or 0.

    `stats` is OpenCV's table of components, [n, 5]; only those in `left`, bool [n], count. An
    underline is flat, about as wide as what stands on it, and farther from it than the foot of a
    1, or sticks out on both sides, as the foot of a 2 does not.
    """
    numbers = np.flatnonzero(left[1:]) + 1
    if len(numbers) < 2:
        return 0
    middles = stats[numbers, TOP] + stats[numbers, HEIGHT] / 2
    number = int(numbers[middles.argmax()])
    x, y, width, height, area = stats[number].tolist()
    if height > _MAX_UNDERLINE_HEIGHT * width:
        return 0
    others = stats[numbers[numbers != number]]
    top, bottom = int(others[:, TOP].min()), int((others[:, TOP] + others[:, HEIGHT]).max())
    start, end = int(others[:, LEFT].min()), int((others[:, LEFT] + others[:, WIDTH]).max())
    tall, wide = bottom - top, end - start
    is_wide = min(end, x + width) - max(start, x) >= _MIN_UNDERLINED_WIDTH * wide
    is_tall = tall >= max(_MIN_UNDERLINED_HEIGHTS * height, _MIN_UNDERLINED_HEIGHT * width)
    is_number = tall >= _MIN_UNDERLINED_HEIGHTS * height and wide >= _MIN_NUMBER_WIDTH * width
    is_apart = y - bottom >= max(area / width, _MIN_UNDERLINE_GAP * tall)
    sticks_out = x <= start and x + width >= end and wide >= _MIN_WIDTH_ON_NEAR_LINE * tall
    is_underline = (is_apart or (sticks_out and y > bottom)) and is_wide and (is_tall or is_number)
    return number if is_underline else 0


def _crop(array: NDArray, box: NDArray) -> NDArray:
    x, y, width, height = box[:4].tolist()
    return array[y : y + height, x : x + width]


def _scaled(mask: NDArray[np.bool_], scale: float) -> NDArray[np.bool_]:
    """Scale a mask down so that no line vanishes."""
    if scale == 1:
        return mask
    size = [max(1, round(side * scale)) for side in mask.shape[::-1]]
    return cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0
