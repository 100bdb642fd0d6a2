"""Other ways to see ink in which no digit was found: without a line or a box, or filled.

Each looks for its structure first, so that there is rarely more than one. A model decides which
reads best, since a 2 may stand on a line or have one as its foot.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from trainer.recognition.array_types import Pixels
from trainer.recognition.preprocess.components import (
    bounds,
    embedded,
    mask_of,
    remove_strays,
)
from trainer.recognition.preprocess.ink import Ink, Photo
from trainer.recognition.preprocess.mnist_format import stroke_width
from trainer.recognition.preprocess.paper import extract_ink, is_dark_on_light, two_tones

_GAPS = (0.2, 0.0)  # of the main component's longer side, to other strokes of the same digit
_MIN_SHARE_OF_CLOSE_CROP = 0.2  # of a photo that is ink, if it was cropped close to the digit
_MARGIN = 0.2  # of a photo's sides, that may show what lies beside the paper
_TINY = 16  # pixels of the longer side: a tiny picture
_ENLARGED = 8  # times: such a picture
_MIN_SIDE_WITH_LINE = 12  # pixels of the ink
_MAX_BEND = 0.15  # of the ink's height, by which a line along its lower side rises
_MAX_WOBBLE = 0.02  # of a line's length: mean distance from a straight one
_MIN_COVERAGE = 0.85  # share of its length in which a line has ink
_MAX_THICKNESS = 0.15  # of the ink's height
_MIN_FREE = 0.5  # share of its length above which there is paper, about as high as it is thick
_MAX_SWELLING = 1.5  # thickness of a line, by its median, from which on a stroke touches it
_MIN_REST_IN_BOX = 0.35  # of the ink's height: what is left when the lines are removed,
_MIN_REST_ON_LINE = 0.75  # or a line below
_OVERHANG = 0.12  # of the ink's shorter side: either end sticks out as far from what it touches
_MIN_NUMBER_WIDTH = 1.5  # of its height
_MAX_OUTLINE_WIDTH = 0.1  # of the longer side: width of an outline's line
_MAX_HOLES = 12  # that an outline borders on; of an 8 whose outline touches itself, four
_MIN_NEAR_HOLE = 0.9  # share of an outline's ink that borders on what it encloses
_MAX_BODY_WIDTH = 0.36  # of the longer side: width of a filled outline's strokes


def other_inks(ink: Ink) -> Iterator[Ink]:
    """Other ways to see ink.

    Without a box or an underline that touches it, with its outline filled; and on a photo without
    all that crosses its border, in the polarity of its middle, or by a single threshold.
    """
    if ink.photo:
        yield from _on_photo(ink, ink.photo)
    x, y, width, height = bounds(ink.strength)
    if max(ink.strength.shape) <= _TINY:
        yield _enlarged(ink)
    inside = slice(y, y + height), slice(x, x + width)
    for see in (_without_box, _without_underline, _filled):
        seen = see(ink.strength[inside])
        if seen is not None:
            yield replace(ink, strength=embedded(seen, ink.strength.shape, (y, x)))


def without_line_below(ink: Ink) -> Ink:
    """The ink of a number without a line that touches it below; the same if there is none.

    No digit has a line below that is much wider than the digit is tall.
    """
    x, y, width, height = bounds(ink.strength)
    if width < _MIN_NUMBER_WIDTH * height:
        return ink
    seen = _without_underline(ink.strength[y : y + height, x : x + width])
    if seen is None:
        return ink
    return replace(ink, strength=embedded(seen, ink.strength.shape, (y, x)))


def _on_photo(ink: Ink, photo: Photo) -> Iterator[Ink]:
    """The ink of a photo, of which something else is taken for the drawing."""
    tried = [ink.strength]

    def differing(seen: Pixels, dark_on_light: bool) -> Iterator[Ink]:
        strength = embedded(seen, ink.strength.shape, photo.corner)
        if seen.any() and all(cv2.norm(strength, other, cv2.NORM_INF) for other in tried):
            tried.append(strength)
            yield replace(ink, strength=strength, dark_on_light=dark_on_light)

    everything = photo.everything
    for max_gap in _GAPS:
        alone = remove_strays(everything, keep_crossing=False, max_gap=max_gap)
        yield from differing(alone, ink.dark_on_light)
    dark_on_light = is_dark_on_light(photo.channels, _MARGIN)
    if dark_on_light != ink.dark_on_light:  # because of a table or a shadow along the border
        inverted = extract_ink(photo.channels, dark_on_light)
        yield from differing(remove_strays(inverted, keep_crossing=False), dark_on_light)
    found = two_tones(photo.channels)
    if found and (found[0] > 0).mean() >= _MIN_SHARE_OF_CLOSE_CROP:
        yield from differing(*found)


def _enlarged(ink: Ink) -> Ink:
    """The ink of a tiny picture, enlarged by cubic interpolation, which keeps strokes apart."""
    large = cv2.resize(
        ink.strength, None, fx=_ENLARGED, fy=_ENLARGED, interpolation=cv2.INTER_CUBIC
    )
    return replace(ink, strength=large, scale=ink.scale / _ENLARGED)


def _without_box(ink: Pixels) -> Pixels | None:
    """Erase lines along at least three sides of the ink, but for the strokes that touch them."""
    cleaned, mask = ink.copy(), mask_of(ink)
    sides = [
        (cleaned, mask),
        (cleaned[::-1], mask[::-1]),
        (cleaned.T, mask.T),
        (cleaned.T[::-1], mask.T[::-1]),
    ]
    lines = [_line_below(seen) for _, seen in sides]
    if sum(line is not None for line in lines) < 3:
        return None
    for (view, _), line in zip(sides, lines, strict=True):
        if line is not None:
            view[line.erased] = 0
    return cleaned if _is_tall(cleaned, _MIN_REST_IN_BOX) else None


def _without_underline(ink: Pixels) -> Pixels | None:
    """Erase a line along the lower side of the ink that sticks out from what it touches."""
    line = _line_below(mask_of(ink))
    if line is None:
        return None
    touching, width = np.flatnonzero(line.touched), ink.shape[1]
    out = _OVERHANG * min(ink.shape)
    cleaned = np.where(line.erased, np.uint8(0), ink)
    if len(touching):
        if touching[0] < out or touching[-1] > width - out:
            return None
    elif (cv2.dilate(mask_of(cleaned), np.ones((3, 3), np.uint8))[line.erased] > 0).any():
        return None  # a bend, such as that of an L
    return cleaned if _is_tall(cleaned, _MIN_REST_ON_LINE) else None


@dataclass(frozen=True, slots=True)
class _Line:
    """A line along the lower side of ink."""

    erased: NDArray[np.bool_]
    """Its pixels, bool [height, width]."""
    touched: NDArray[np.bool_]
    """The columns in which a stroke touches it, bool [width]."""


def _line_below(mask: Pixels) -> _Line | None:
    """Find a nearly straight line along the lower side of ink, uint8 [height, width], 0 or 1."""
    height, width = mask.shape
    if min(height, width) < _MIN_SIDE_WITH_LINE:
        return None
    upward = mask[::-1] > 0
    rows = np.arange(height)[:, None]
    has_ink = upward.any(axis=0)
    start = upward.argmax(axis=0)
    paper_above = ~upward & (rows >= start)
    end = np.where(paper_above.any(axis=0), paper_above.argmax(axis=0), height)
    low = has_ink & (start <= _MAX_BEND * height)
    if low.mean() < _MIN_COVERAGE:
        return None
    thickness = max(1.0, float(np.median((end - start)[low])))
    columns = np.flatnonzero(low)
    slope, offset = np.polyfit(columns, start[low], 1)
    bend = float(np.abs(start[low] - slope * columns - offset).mean())
    if thickness > _MAX_THICKNESS * height or bend > max(1.0, _MAX_WOBBLE * width):
        return None
    above = np.minimum(end[None] + np.arange(round(thickness) + 2)[:, None], height - 1)
    free = ~upward[above, np.arange(width)].any(axis=0)
    if free[low].mean() < _MIN_FREE:
        return None
    touched = low & (end - start > _MAX_SWELLING * thickness + 1)
    end = np.where(touched, start + round(thickness), end)
    erased = (rows >= start) & (rows < end) & low
    return _Line(erased[::-1], touched)


def _is_tall(ink: Pixels, share: float) -> bool:
    """Whether what is left of the ink is as tall as this share of the whole."""
    return bounds(ink)[3] >= share * len(ink)


def _filled(ink: Pixels) -> Pixels | None:
    """Fill an outline: all that its outermost line borders on but the paper around it."""
    mask = cv2.copyMakeBorder(mask_of(ink), 1, 1, 1, 1, cv2.BORDER_CONSTANT)
    count, lines, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    if count < 2:
        return None
    outermost = 1 + int(stats[1:, 2:4].prod(axis=1).argmax())
    outline = (lines == outermost).astype(np.uint8)
    pen = stroke_width(outline * np.uint8(255))
    if pen > _MAX_OUTLINE_WIDTH * max(ink.shape):
        return None
    paper = cv2.connectedComponents(1 - mask, connectivity=4)[1]
    near = cv2.dilate(outline, np.ones((3, 3), np.uint8))
    enclosed = np.unique(paper[(near > 0) & (mask == 0)])
    holes = enclosed[(enclosed > 0) & (enclosed != paper[0, 0])]
    if not 0 < len(holes) <= _MAX_HOLES:
        return None
    body = np.isin(paper, holes)
    reach = 2 * round(pen) + 3
    borders = cv2.dilate(body.astype(np.uint8), np.ones((reach, reach), np.uint8))
    if (borders[outline > 0] > 0).mean() < _MIN_NEAR_HOLE:
        return None
    filled = np.where(body | (mask > 0), np.uint8(255), np.uint8(0))[1:-1, 1:-1]
    if stroke_width(filled) > _MAX_BODY_WIDTH * max(filled.shape):
        return None
    return filled
