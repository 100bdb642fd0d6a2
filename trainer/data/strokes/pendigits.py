"""Pen-Based Recognition of Handwritten Digits (UCI): the files in original coordinates."""

from __future__ import annotations

import numpy as np

from trainer.data.strokes import unipen
from trainer.data.strokes.records import Record
from trainer.errors import TrainerError

TEST_FILE = "uci/pendigits-orig.tes"
"""The test part, in the data folder: 3,498 digits by 14 people who are not in the training part."""


def parse_pendigits(text: str) -> list[Record]:
    """The digits of `pendigits-orig.tra` or `.tes`, in which a comment gives the writer.

    Raises `TrainerError` if the text is malformed.
    """
    segments = text.split(".SEGMENT DIGIT")[1:]
    try:
        return [_record(segment) for segment in segments]
    except (ValueError, IndexError) as error:
        raise TrainerError(f"not pendigits in original coordinates: {error}") from error


def _record(segment: str) -> Record:
    label = segment.split('"')[1]
    if not (len(label) == 1 and label in "0123456789"):
        raise ValueError(f"{label!r} is not a digit")
    writer = segment.split(".COMMENT", 1)[1].split()[1]
    blocks = [block.split(".PEN_UP")[0].split() for block in segment.split(".PEN_DOWN")[1:]]
    points = [np.array(block, np.float64).reshape(-1, 2) for block in blocks if block]
    if not points:
        raise ValueError("a digit without points")
    return Record(label, unipen.y_down(points), f"pendigits/{writer}", "pendigits")
