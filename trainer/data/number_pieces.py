"""The digits of a drawing of a number whose text is known."""

from __future__ import annotations

import numpy as np

from trainer.recognition.array_types import Pixels
from trainer.recognition.image import Picture
from trainer.recognition.preprocess import EmptyDrawing
from trainer.recognition.recognizer import Recognizer
from trainer.recognition.segmentation.segments import TooManyPieces

_MIN_HEIGHT = 12  # pixels in the picture: what is enlarged more than twice is no example


def digits_of(picture: Picture, text: str, recognizer: Recognizer) -> list[tuple[str, Pixels]]:
    """The digits of a number: the label of each, "0" to "9", and its pixels, uint8 [28, 28].

    They are cut out by segmentation, whose cuts the recognizer chooses. There are none if it finds
    another number of digits, in any row, than `text` has: it is not known then which is which.
    """
    try:
        number = recognizer.read_number(picture.image, picture.scale)
    except (EmptyDrawing, TooManyPieces):
        return []
    rows = text.split("\n")
    if np.bincount(number.rows).tolist() != [len(row) for row in rows]:
        return []
    return [
        (label, digit.prepared.pixels)
        for label, digit in zip("".join(rows), number.digits, strict=True)
        if digit.prepared.box[3] >= _MIN_HEIGHT
    ]
