"""Segments of a number: connected components of ink, cut where digits may touch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import accumulate, pairwise
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from trainer.recognition.array_types import Pixels
from trainer.recognition.lazy import lazy
from trainer.recognition.preprocess import EmptyDrawing, Ink, Prepared, find_ink, prepare
from trainer.recognition.preprocess.components import are_specks, mask_of
from trainer.recognition.preprocess.surroundings import erase_enclosures, underline
from trainer.recognition.segmentation.ctc import RowReading
from trainer.recognition.segmentation.cuts import cut_component
from trainer.recognition.segmentation.marks import corners_of, find_dots, mark_probabilities
from trainer.recognition.segmentation.numbering import (
    Corners,
    Segment,
    SegmentMap,
    boxes_of,
    corners_of_rows,
    hull,
    numbered,
)
from trainer.recognition.segmentation.rows import find_rows

MAX_SEGMENTS = 40
"""If there are more, only the largest are used; cutting adds at most as many again."""

MAX_PIECES = 500
"""Largest number of connected components, without specks; numbers have some ten of them."""

MAX_WIDTH_TO_CUT = 3
"""Largest total width of the segments that are cut, in widths of the image; numbers have 1."""

_MIN_COVERED = 0.7  # of its width that must lie above or below another component to belong to it
_MAX_ABSORBED_AREA = 0.35  # of the other's area: a bar or part of a stroke, not a digit of its own
_MAX_GAP_ABOVE = 0.2  # between the two, in heights of the other; the next row is farther away
_MIN_WIDTH_OF_TWO = 0.5  # width of two touching digits, in heights of the tallest segment


class TooManyPieces(ValueError):
    """The ink has far more pieces than a number, and is refused before the work grows with them."""

    def __init__(self) -> None:
        super().__init__("the picture has too many pieces of ink to be a number")


@dataclass(frozen=True)
class Segments:
    """The ink of a number in segments, in reading order: by row, then by the middle of their boxes.

    Segments are numbered from 1. A digit consists of one segment or of several neighboring ones.
    """

    ink: Ink
    labels: SegmentMap
    segments: list[Segment]
    dots: list[Corners]
    """Boxes of ink that is in no segment, in pixels of `ink`: specks that the pen drew, as points
    and colons, and the smallest of more than `MAX_SEGMENTS` components. At most as many of each."""
    _cut: dict[frozenset[int], Segments] = field(default_factory=dict, repr=False, compare=False)
    _slices: dict[int, SegmentMap] = field(default_factory=dict, repr=False, compare=False)
    _prepared: dict[tuple[int, int], Prepared | None] = field(
        default_factory=dict, repr=False, compare=False
    )
    rows_read: list[RowReading | None] = field(default_factory=list, repr=False, compare=False)
    """What `rescoring.read_rows` has found in each row, for the next model that asks."""

    def __len__(self) -> int:
        return len(self.segments)

    @lazy
    def rows(self) -> list[range]:
        """The numbers of the segments in each row, from top to bottom."""
        counts = Counter(each.row for each in self.segments)  # in order, as the segments are
        bounds = accumulate(counts.values(), initial=1)
        return [range(start, stop) for start, stop in pairwise(bounds)]

    def tallest(self, row: int) -> int:
        """Height of the tallest segment of a row, in pixels."""
        return max(each.height for each in self.segments if each.row == row)

    def cut(self, numbers: Collection[int]) -> Segments:
        """Cut those of the segments with these numbers that are wide enough for two digits.

        Returns all segments, cut or not; the same ones if asked again, as by another model. Raises
        `TooManyPieces`.
        """
        asked = frozenset(numbers)
        if asked not in self._cut:
            self._cut[asked] = self._cut_all(asked)
        return self._cut[asked]

    def _cut_all(self, numbers: Collection[int]) -> Segments:
        boxes = {number: self.segments[number - 1] for number in sorted(numbers)}
        wide = {
            number: box
            for number, box in boxes.items()
            if box.width >= _MIN_WIDTH_OF_TWO * self.tallest(box.row)
        }
        if sum(box.width for box in wide.values()) > MAX_WIDTH_TO_CUT * self.labels.shape[1]:
            raise TooManyPieces
        cut = self.labels.copy()
        last, most = len(self), len(self) + MAX_SEGMENTS
        for number, box in wide.items():
            if last == most:
                break
            inside = (slice(box.top, box.bottom), slice(box.left, box.right))
            slices = self._slices_of(number, inside)
            for index in range(2, int(slices.max()) + 1):
                if last < most:
                    last += 1
                    cut[inside][slices >= index] = last
        rows = {number: each.row for number, each in enumerate(self.segments, 1)}
        cut_segments = numbered(cut, self.labels, rows)
        return Segments(self.ink, *cut_segments, self.dots, rows_read=self.rows_read)

    def _slices_of(self, number: int, inside: tuple[slice, slice]) -> SegmentMap:
        """The slices of a segment, whose box is given; kept, as models differ in what is cut."""
        if number not in self._slices:
            ink = np.where(self.labels[inside] == number, self.ink.strength[inside], 0)
            self._slices[number] = cut_component(ink)
        return self._slices[number]

    @lazy
    def marks(self) -> list[float]:
        """The probability, 0..1, that each segment, uncut, is a mark by its shape and place."""
        return mark_probabilities(self.labels, self.segments)

    @property
    def after_cuts(self) -> set[int]:
        """Numbers of the segments that were cut off from one further to the left."""
        components = [each.component for each in self.segments]
        return {i + 1 for i, component in enumerate(components) if component in components[:i]}

    def prepare(self, first: int, last: int) -> Prepared:
        """Preprocess the segments `first` to `last`, counted from 1, as one digit.

        The result is kept for the next model that asks. Raises `EmptyDrawing` for a dot.
        """
        if (first, last) not in self._prepared:
            prepared = None
            with suppress(EmptyDrawing):
                prepared = self._prepare(first, last)
            self._prepared[first, last] = prepared
        if kept := self._prepared[first, last]:
            return kept
        raise EmptyDrawing("there is only a dot in the picture")

    def _prepare(self, first: int, last: int) -> Prepared:
        left, top, right, bottom = hull(self.segments[first - 1 : last])
        inside = (slice(top, bottom), slice(left, right))
        labels = self.labels[inside]
        strength = np.where((labels >= first) & (labels <= last), self.ink.strength[inside], 0)
        return prepare(self.ink, strength, (left, top, right - left, bottom - top))


def segment(picture: Image.Image | Pixels, scale: float = 1.0) -> Segments:
    """Divide an image of a number into segments, without cutting any.

    Arguments are those of `preprocess`. Raises `EmptyDrawing` and what `segment_ink` raises.
    """
    return segment_ink(find_ink(picture, scale))


def segment_ink(ink: Ink) -> Segments:
    """Divide the ink of a number into segments, without cutting any.

    A segment is a connected component together with small ones directly above or below it; specks
    are ignored. Raises `TooManyPieces`.
    """
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        mask_of(ink.strength), connectivity=8
    )
    if (erased := erase_enclosures(ink.strength, labels, stats)) is not None:
        ink = replace(ink, strength=erased)
        count, labels, stats, _ = cv2.connectedComponentsWithStats(mask_of(erased), connectivity=8)
    components = stats[1:]
    kept = np.append(False, ~are_specks(components))
    kept[underline(stats, kept)] = False
    pieces = np.flatnonzero(kept)
    if len(pieces) > MAX_PIECES:
        raise TooManyPieces
    owner = np.zeros(count, np.int32)
    owner[pieces] = _owners(pieces, components[pieces - 1])
    largest = sorted(
        set(owner[pieces].tolist()), key=lambda each: -components[each - 1, cv2.CC_STAT_AREA]
    )
    left_out = corners_of(components[[each - 1 for each in largest[MAX_SEGMENTS:]][:MAX_SEGMENTS]])
    owner[~np.isin(owner, largest[:MAX_SEGMENTS])] = 0
    whole = owner[labels].astype(np.int32)
    boxes = boxes_of(whole)
    rows = find_rows(np.array(list(boxes.values()), np.int64))
    whole, segments = numbered(whole, whole, dict(zip(boxes, rows.tolist(), strict=True)))
    own = [replace(each, component=number) for number, each in enumerate(segments, 1)]
    dots = find_dots(ink.strength, components[are_specks(components)], corners_of_rows(segments))
    return Segments(ink, whole, own, dots + left_out)


def _owners(pieces: NDArray[np.int64], components: NDArray[Any]) -> NDArray[np.int64]:
    """Give small pieces to the large one above or below which they lie.

    `pieces` has the number of each component, [n]; `components` is OpenCV's table of them, [n, 5].
    Returns the number of the component that each one belongs to, [n].
    """
    owners = pieces.copy()
    area = components[:, cv2.CC_STAT_AREA]
    left, top = components[:, cv2.CC_STAT_LEFT], components[:, cv2.CC_STAT_TOP]
    height = components[:, cv2.CC_STAT_HEIGHT]
    right, bottom = left + components[:, cv2.CC_STAT_WIDTH], top + height
    for small in np.argsort(area, kind="stable"):
        overlap = np.minimum(right, right[small]) - np.maximum(left, left[small])
        covered = overlap >= _MIN_COVERED * components[small, cv2.CC_STAT_WIDTH]
        gap = np.maximum(top, top[small]) - np.minimum(bottom, bottom[small])
        near = gap <= _MAX_GAP_ABOVE * height
        hosts = np.flatnonzero(covered & near & (area * _MAX_ABSORBED_AREA > area[small]))
        if len(hosts):
            nearest = hosts[np.argmin(gap[hosts])]
            owners[owners == pieces[small]] = owners[nearest]
    return owners
