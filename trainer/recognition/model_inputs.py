"""What models are given of one image, computed once for all models and both modes."""

from __future__ import annotations

from functools import cached_property

from PIL import Image

from trainer.recognition.array_types import Pixels
from trainer.recognition.preprocess import Ink, Prepared, find_ink, preprocess_ink
from trainer.recognition.segmentation.segments import Segments, segment_ink


class ModelInputs:
    """The inputs for one image, each computed when first needed. Not for several threads."""

    def __init__(self, picture: Image.Image | Pixels, scale: float = 1.0) -> None:
        """Arguments are those of `preprocess`."""
        self._picture = picture
        self._scale = scale

    @cached_property
    def _ink(self) -> Ink:
        return find_ink(self._picture, self._scale)

    @cached_property
    def digit(self) -> Prepared:
        """The image as one digit. Raises `EmptyDrawing`."""
        return preprocess_ink(self._ink)

    @cached_property
    def number(self) -> Segments:
        """The image as a number. Raises `EmptyDrawing` and `TooManyPieces`."""
        return segment_ink(self._ink)
