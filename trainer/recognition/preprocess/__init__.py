"""From any picture of one digit to the 28×28 pixels that a model sees.

MNIST's own recipe (LeCun, Cortes, Burges, "The MNIST database of handwritten digits"): the ink's
bounding box is scaled into 20×20 keeping its aspect, and its centre of mass is put in the middle of
a 28×28 field, light ink on black. What comes before that recipe is ours: people send dark ink on
light paper, light on dark, colours, transparency, photos, dirt and every pen width.

`arrays` bounds the picture, `ink` tells ink from paper (`paper` and `rules` on photos), `pieces`
drops specks, `normalise` is MNIST's recipe, `parts` takes a number apart, and `slices` cuts digits
that touch each other.

Training on drawings, evaluation, serving and the preview of "what the model saw" all call
`preprocess`. There must never be a second copy of it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from trainer.recognition.preprocess.arrays import Pixels
from trainer.recognition.preprocess.components import Box, bounds, without_specks
from trainer.recognition.preprocess.ink import EmptyDrawing, Ink, find_ink
from trainer.recognition.preprocess.mnist_format import SIDE, normalise
from trainer.recognition.segmentation.segments import (
    Part,
    cut_parts,
    dashes,
    digit_runs,
    part_labels,
)

__all__ = [
    "SIDE",
    "VERSION",
    "EmptyDrawing",
    "Parts",
    "Pixels",
    "Prepared",
    "preprocess",
    "preprocess_parts",
]

VERSION = 2
"""Written into every bundle. Raise it whenever the same ink may give other pixels, so that a model
would see something else than it learned from; not where ink is found that was missed before."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What `preprocess` made of one picture.

    `pixels` is uint8 [28, 28], 0 for paper and 255 for ink. `box` is (x, y, width, height) of the
    ink in pixels of the picture that came in. `dark_on_light` tells which way round it came.
    """

    pixels: Pixels
    box: tuple[int, int, int, int]
    dark_on_light: bool


def preprocess(picture: Image.Image | Pixels, scale: float = 1.0) -> Prepared:
    """Turn a picture into the 28×28 pixels of MNIST's recipe.

    `picture` is a Pillow image of any mode, or uint8 of shape [height, width] (grey),
    [height, width, 3] (RGB) or [height, width, 4] (RGBA). Where it is smaller than what was sent,
    one of its pixels is `scale` pixels wide there. Raises `EmptyDrawing` when it holds no ink or no
    more than a dot.
    """
    ink = find_ink(picture, scale)
    strength = without_specks(ink.strength)
    x, y, width, height = bounds(strength)
    return _prepared(ink, strength[y : y + height, x : x + width], (x, y, width, height))


def preprocess_parts(picture: Image.Image | Pixels, scale: float = 1.0) -> Parts:
    """Take a picture of a number apart. Arguments and errors are those of `preprocess`."""
    ink = find_ink(picture, scale)
    return Parts(ink, *part_labels(ink.strength))


@dataclass(frozen=True, slots=True)
class Parts:
    """The ink of a picture in pieces, from left to right; one digit is one of them or several.

    `labels` is int32 [height, width]: 0 for paper and specks, then 1, 2, … from left to right.
    """

    ink: Ink
    labels: NDArray[np.int32]
    parts: list[Part]

    def runs(self) -> list[tuple[int, int]]:
        """Which pieces, first and last, may be one digit."""
        return digit_runs(self.labels, self.parts)

    def cut(self, numbers: Collection[int]) -> Parts:
        """Those of the parts that may be several digits, by their numbers, in slices."""
        return Parts(self.ink, *cut_parts(self.labels, self.parts, self.ink.strength, numbers))

    def cuts(self) -> set[int]:
        """Those that were one piece with another on their left."""
        pieces = [part.piece for part in self.parts]
        return {i + 1 for i, piece in enumerate(pieces) if piece in pieces[:i]}

    def dashes(self) -> set[int]:
        """Those that are too low for a digit."""
        return dashes(self.parts)

    def prepare(self, first: int, last: int) -> Prepared:
        """Prepare the pieces from `first` to `last` as one digit. Raises `EmptyDrawing`."""
        parts = self.parts[first - 1 : last]
        left, top = min(part.left for part in parts), min(part.top for part in parts)
        right, bottom = max(part.right for part in parts), max(part.bottom for part in parts)
        inside = (slice(top, bottom), slice(left, right))
        labels = self.labels[inside]
        strength = np.where((labels >= first) & (labels <= last), self.ink.strength[inside], 0)
        return _prepared(self.ink, strength, (left, top, right - left, bottom - top))


def _prepared(ink: Ink, strength: Pixels, box: Box) -> Prepared:
    """Bring the ink of a box to 28×28. Raises `EmptyDrawing`."""
    left, top, wide, high = (round(length * ink.scale) for length in box)
    return Prepared(normalise(strength), (left, top, wide, high), ink.dark_on_light)
