"""The row reader: a model that reads the digits of a row as a whole, without cutting it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import cv2
import numpy as np

from trainer.recognition.array_types import Floats, Pixels
from trainer.recognition.segmentation.numbering import corners_of_rows
from trainer.recognition.segmentation.segments import Segments
from trainer.recognition.session import new_session

HEIGHT = 32
"""Of the image of a row, in pixels."""

MAX_WIDTH = 512
"""Of the image of a row with its margins, in pixels: what is longer is not read. Twelve digits have
some 350."""

MAX_WIDTH_OF_ALL = 2 * MAX_WIDTH
"""Of the images of all rows together: those of further rows are not read."""

ROW_MODEL = Path(__file__).with_name("row_reader.onnx")

_MARGIN = 2  # above and below the ink, in pixels
_SIDE_MARGIN = 4  # to its left and right


def row_images(segments: Segments) -> list[Pixels | None]:
    """The ink of each row, uint8 [HEIGHT, width], 0 for paper, 255 for the strongest ink.

    The width is 9..`MAX_WIDTH`; None for rows that are too long, or below too many others.
    """
    images: list[Pixels | None] = []
    height, left_over = HEIGHT - 2 * _MARGIN, MAX_WIDTH_OF_ALL
    corners = corners_of_rows(segments.segments)
    for numbers, (left, top, right, bottom) in zip(segments.rows, corners, strict=True):
        width = max(1, round((right - left) * height / (bottom - top)))
        if width + 2 * _SIDE_MARGIN > min(MAX_WIDTH, left_over):
            images.append(None)
            continue
        left_over -= width + 2 * _SIDE_MARGIN
        labels = segments.labels[top:bottom, left:right]
        own = (labels >= numbers.start) & (labels < numbers.stop)
        ink = np.where(own, segments.ink.strength[top:bottom, left:right], 0).astype(np.uint8)
        small = cv2.resize(ink, (width, height), interpolation=cv2.INTER_AREA)
        full = cv2.convertScaleAbs(small, alpha=255 / max(1, int(small.max())))
        image = np.pad(full, ((_MARGIN, _MARGIN), (_SIDE_MARGIN, _SIDE_MARGIN)))
        images.append(image.astype(np.uint8, copy=False))
    return images


class RowReader:
    """The row reader in ONNX Runtime, on one thread. Create it after forking."""

    def __init__(self, model: bytes) -> None:
        self._session = new_session(model)
        self._input = self._session.get_inputs()[0].name

    def __call__(self, image: Pixels) -> Floats:
        """The log probabilities of each digit and of none in each column of a row.

        `image` is one of `row_images`. Returns float64 [columns, 11], as `ctc` takes them.
        """
        (logits,) = self._session.run(None, {self._input: image[None, None]})
        columns = logits[0].astype(np.float64).T
        normalized: Floats = columns - np.logaddexp.reduce(columns, axis=1, keepdims=True)
        return normalized


@cache
def shipped_row_reader() -> RowReader:
    """The row reader of this release, loaded when it is first asked for."""
    return RowReader(ROW_MODEL.read_bytes())
