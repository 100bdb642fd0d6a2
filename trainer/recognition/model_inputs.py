"""What models are given of one image, computed once for all models and both modes."""

from __future__ import annotations

from contextlib import suppress

import cv2
import numpy as np
from PIL import Image

from trainer.recognition.array_types import Pixels
from trainer.recognition.lazy import lazy
from trainer.recognition.preprocess import (
    EmptyDrawing,
    Ink,
    Prepared,
    find_ink,
    other_inks,
    preprocess_ink,
    without_line_below,
)
from trainer.recognition.preprocess.components import Box, are_beside, remove_specks
from trainer.recognition.segmentation.segments import Segments, TooManyPieces, segment_ink

SMALL_SIDE = 240
"""In pixels: enough for six digits of 28 pixels beside each other."""

_MARGIN = 8  # pixels of paper around ink
_MAX_OTHER_NUMBERS = 2  # as reading a number takes up to half a second


class ModelInputs:
    """The inputs for one image, each computed when first needed. Not for several threads."""

    def __init__(self, picture: Image.Image | Pixels, scale: float = 1.0) -> None:
        """Arguments are those of `preprocess`."""
        self._picture = picture
        self._scale = scale

    @lazy
    def _ink(self) -> Ink:
        return find_ink(self._picture, self._scale)

    @lazy
    def _without_specks(self) -> tuple[Pixels, Box]:
        return remove_specks(self._ink.strength)

    @lazy
    def small(self) -> Pixels:
        """All ink of the image in black on white, at most `SMALL_SIDE` large: uint8 [h, w].

        It is read as the image is, for nearly all numbers. Raises `EmptyDrawing`.
        """
        strength, (x, y, width, height) = self._without_specks
        if not strength.any():
            raise EmptyDrawing("there are only specks in the picture")
        scale = min(1.0, (SMALL_SIDE - 2 * _MARGIN) / max(width, height))
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        ink = cv2.resize(
            strength[y : y + height, x : x + width], size, interpolation=cv2.INTER_AREA
        )
        return 255 - np.pad(ink, _MARGIN)

    @lazy
    def _other_inks(self) -> list[Ink]:
        return list(other_inks(self._ink))

    @lazy
    def digit(self) -> Prepared:
        """The image as one digit. Raises `EmptyDrawing`."""
        return preprocess_ink(self._ink)

    @lazy
    def other_digits(self) -> list[Prepared]:
        """Other ways to see the image as one digit, for a model that rejects `digit`."""
        found = []
        for ink in self._other_inks:
            with suppress(EmptyDrawing):
                found.append(preprocess_ink(ink))
        return found

    @lazy
    def has_ink_beside(self) -> bool:
        """Whether ink that is no speck stands beside other ink: a mark, a digit, or a part."""
        return are_beside(self._ink.strength) and are_beside(self._without_specks[0])

    @lazy
    def number(self) -> Segments:
        """The image as a number. Raises `EmptyDrawing` and `TooManyPieces`."""
        return segment_ink(without_line_below(self._ink))

    @lazy
    def other_numbers(self) -> list[Segments]:
        """Other ways to see the image as a number, for a model that rejects `number`."""
        found = []
        for ink in self._other_inks[:_MAX_OTHER_NUMBERS]:
            with suppress(EmptyDrawing, TooManyPieces):
                found.append(segment_ink(ink))
        return found
