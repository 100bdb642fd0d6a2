"""Segments of a number: connected components of ink, cut where digits may touch."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from trainer.recognition.array_types import Pixels
from trainer.recognition.preprocess import Ink, Prepared, find_ink, prepare
from trainer.recognition.preprocess.components import are_specks, mask_of
from trainer.recognition.segmentation.cuts import cut_component

MAX_SEGMENTS = 40
"""If there are more, only the largest are used; cutting adds at most as many again."""

_MIN_COVERED = 0.7  # of its width that must lie above or below another component to belong to it
_MAX_ABSORBED_AREA = 0.35  # of the other's area: a bar or part of a stroke, not a digit of its own
_MIN_WIDTH_OF_TWO = 0.5  # width of two touching digits, in heights of the tallest segment

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

    def __len__(self) -> int:
        return len(self.segments)

    @property
    def tallest(self) -> int:
        """Height of the tallest segment, in pixels; 0 if there is none."""
        return max((each.height for each in self.segments), default=0)

    def cut(self, numbers: Collection[int]) -> Segments:
        """Cut those of the segments with these numbers that are wide enough for two digits.

        Returns all segments, cut or not.
        """
        cut = self.labels.copy()
        last, most = len(self), len(self) + MAX_SEGMENTS
        min_width = _MIN_WIDTH_OF_TWO * self.tallest
        for number in numbers:
            box = self.segments[number - 1]
            if last == most or box.right - box.left < min_width:
                continue
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

        Raises `EmptyDrawing` for a dot.
        """
        chosen = self.segments[first - 1 : last]
        left, top = min(each.left for each in chosen), min(each.top for each in chosen)
        right, bottom = max(each.right for each in chosen), max(each.bottom for each in chosen)
        inside = (slice(top, bottom), slice(left, right))
        labels = self.labels[inside]
        strength = np.where((labels >= first) & (labels <= last), self.ink.strength[inside], 0)
        return prepare(self.ink, strength, (left, top, right - left, bottom - top))


def segment(picture: Image.Image | Pixels, scale: float = 1.0) -> Segments:
    """Divide an image of a number into segments, without cutting any.

    A segment is a connected component together with small ones directly above or below it; specks
    are ignored. Arguments are those of `preprocess`. Raises `EmptyDrawing` if there is no ink.
    """
    ink = find_ink(picture, scale)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        mask_of(ink.strength), connectivity=8
    )
    components = stats[1:]
    owner = np.zeros(count, np.int32)
    owner[1:] = np.where(are_specks(components), 0, np.arange(1, count))
    _absorb_small(owner, components)
    largest = sorted(
        set(owner[owner > 0]), key=lambda each: -components[each - 1, cv2.CC_STAT_AREA]
    )
    owner[~np.isin(owner, largest[:MAX_SEGMENTS])] = 0
    whole = owner[labels].astype(np.int32)
    return Segments(ink, *_from_left_to_right(whole, whole))


def _absorb_small(owner: NDArray[np.int32], components: NDArray[Any]) -> None:
    """Give small components to the large one above or below which they lie, in place.

    `owner` is int32 [n + 1], the component that each one belongs to, 0 for none; `components` is
    OpenCV's table of them, [n, 5].
    """
    left = components[:, cv2.CC_STAT_LEFT]
    right = left + components[:, cv2.CC_STAT_WIDTH]
    for small in np.argsort(components[:, cv2.CC_STAT_AREA]):
        if not owner[small + 1]:
            continue
        overlap = np.minimum(right, right[small]) - np.maximum(left, left[small])
        covered = overlap >= _MIN_COVERED * components[small, cv2.CC_STAT_WIDTH]
        area = components[:, cv2.CC_STAT_AREA]
        larger = area * _MAX_ABSORBED_AREA > area[small]
        hosts = np.flatnonzero(covered & larger & (owner[1:] > 0))
        if len(hosts):
            nearest = hosts[np.argmax(overlap[hosts])]
            owner[owner == small + 1] = owner[nearest + 1]


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
    boxes = {}
    for number in np.unique(numbers):
        own = numbers == number
        x, y = columns[own], rows[own]
        boxes[int(number)] = (int(x.min()), int(y.min()), int(x.max()) + 1, int(y.max()) + 1)
    return boxes
