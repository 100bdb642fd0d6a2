"""Segments of a number: connected components of ink, cut where digits may touch."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from trainer.recognition.array_types import Pixels
from trainer.recognition.preprocess import EmptyDrawing, Ink, Prepared, find_ink, prepare
from trainer.recognition.preprocess.components import are_specks, mask_of
from trainer.recognition.preprocess.surroundings import erase_enclosures, underline
from trainer.recognition.segmentation.cuts import cut_component

MAX_SEGMENTS = 40
"""If there are more, only the largest are used; cutting adds at most as many again."""

MAX_PIECES = 500
"""Largest number of connected components, without specks; numbers have some ten of them."""

MAX_WIDTH_TO_CUT = 3
"""Largest total width of the segments that are cut, in widths of the image; numbers have 1."""

_MIN_COVERED = 0.7  # of its width that must lie above or below another component to belong to it
_MAX_ABSORBED_AREA = 0.35  # of the other's area: a bar or part of a stroke, not a digit of its own
_MIN_WIDTH_OF_TWO = 0.5  # width of two touching digits, in heights of the tallest segment


class TooManyPieces(ValueError):
    """The ink has far more pieces than a number, and is refused before the work grows with them."""

    def __init__(self) -> None:
        super().__init__("the picture has too many pieces of ink to be a number")


SegmentMap = NDArray[np.int32]
"""The segment that each pixel belongs to: int32 [height, width], 0 for paper and specks, then 1, 2,
… from left to right."""


@dataclass(frozen=True, slots=True)
class Segment:
    """The bounding box of a segment in pixels, and the connected component that it was cut from."""

    left: int
    top: int
    right: int
    bottom: int
    component: int

    @property
    def width(self) -> int:
        """In pixels."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """In pixels."""
        return self.bottom - self.top


@dataclass(frozen=True, slots=True)
class Segments:
    """The ink of a number in segments, ordered by the horizontal middle of their boxes.

    Segments are numbered from 1. A digit consists of one segment or of several neighboring ones.
    """

    ink: Ink
    labels: SegmentMap
    segments: list[Segment]
    _cut: dict[frozenset[int], Segments] = field(default_factory=dict, repr=False, compare=False)
    _prepared: dict[tuple[int, int], Prepared | None] = field(
        default_factory=dict, repr=False, compare=False
    )

    def __len__(self) -> int:
        return len(self.segments)

    @property
    def tallest(self) -> int:
        """Height of the tallest segment, in pixels; 0 if there is none."""
        return max((each.height for each in self.segments), default=0)

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
        min_width = _MIN_WIDTH_OF_TWO * self.tallest
        boxes = {number: self.segments[number - 1] for number in sorted(numbers)}
        wide = {number: box for number, box in boxes.items() if box.width >= min_width}
        if sum(box.width for box in wide.values()) > MAX_WIDTH_TO_CUT * self.labels.shape[1]:
            raise TooManyPieces
        cut = self.labels.copy()
        last, most = len(self), len(self) + MAX_SEGMENTS
        for number, box in wide.items():
            if last == most:
                break
            inside = (slice(box.top, box.bottom), slice(box.left, box.right))
            ink = np.where(self.labels[inside] == number, self.ink.strength[inside], 0)
            slices = cut_component(ink)
            for index in range(2, int(slices.max()) + 1):
                if last < most:
                    last += 1
                    cut[inside][slices >= index] = last
        return Segments(self.ink, *_from_left_to_right(cut, self.labels))

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
        chosen = self.segments[first - 1 : last]
        left, top = min(each.left for each in chosen), min(each.top for each in chosen)
        right, bottom = max(each.right for each in chosen), max(each.bottom for each in chosen)
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
    owner[~np.isin(owner, largest[:MAX_SEGMENTS])] = 0
    whole = owner[labels].astype(np.int32)
    return Segments(ink, *_from_left_to_right(whole, whole))


def _owners(pieces: NDArray[np.int64], components: NDArray[Any]) -> NDArray[np.int64]:
    """Give small pieces to the large one above or below which they lie.

    `pieces` has the number of each component, [n]; `components` is OpenCV's table of them, [n, 5].
    Returns the number of the component that each one belongs to, [n].
    """
    owners = pieces.copy()
    area = components[:, cv2.CC_STAT_AREA]
    left = components[:, cv2.CC_STAT_LEFT]
    right = left + components[:, cv2.CC_STAT_WIDTH]
    for small in np.argsort(area, kind="stable"):
        overlap = np.minimum(right, right[small]) - np.maximum(left, left[small])
        covered = overlap >= _MIN_COVERED * components[small, cv2.CC_STAT_WIDTH]
        hosts = np.flatnonzero(covered & (area * _MAX_ABSORBED_AREA > area[small]))
        if len(hosts):
            nearest = hosts[np.argmax(overlap[hosts])]
            owners[owners == pieces[small]] = owners[nearest]
    return owners


def _from_left_to_right(labels: SegmentMap, uncut: SegmentMap) -> tuple[SegmentMap, list[Segment]]:
    """Renumber segments by their horizontal middle.

    `labels` may have them in any order; `uncut` is the map before cutting.
    """
    boxes = _boxes(labels)
    order: Sequence[int] = sorted(boxes, key=lambda number: boxes[number][0] + boxes[number][2])
    renumbered = np.zeros(int(labels.max(initial=0)) + 1, np.int32)
    renumbered[order] = np.arange(1, len(order) + 1)
    component = np.zeros_like(renumbered)
    component[labels.ravel()] = uncut.ravel()
    segments = [Segment(*boxes[number], int(component[number])) for number in order]
    return renumbered[labels], segments


def _boxes(labels: SegmentMap) -> dict[int, tuple[int, int, int, int]]:
    """(left, top, right, bottom) of each segment, by its number, in ascending order."""
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
