"""Shows on one drawing what the preparation of a picture does to a model's answer.

This is for the learn page alone: everything else prepares pictures by `preprocess`.
"""

from __future__ import annotations

from contextlib import suppress

import numpy as np
from numpy.typing import NDArray

from trainer.recognition.activation_layout import lay_out
from trainer.recognition.array_types import Pixels
from trainer.recognition.image import as_data_url
from trainer.recognition.prediction import digit_probabilities
from trainer.recognition.preprocess import SIDE, EmptyDrawing, preprocess
from trainer.recognition.recognizer import Recognizer
from trainer.recognition.scaled import scale_down
from trainer.recognition.strokes import DEFAULT_SIDE, draw_on_sheet
from webapp.inference.registry import Models
from webapp.schemas import Look, Rows, SheetRequest, Ways

SHEET = 1000
"""Length of the sheet's sides in the unit of the strokes."""

MODEL, ROW_MODEL = "lenet5", "rnn"
"""The models whose answers are shown: the tutorials' classic, and the one that reads rows."""


def two_ways(asked: SheetRequest, models: Models) -> Ways:
    """What LeNet-5 reads of a sheet as tutorials prepare it, and as MNIST was prepared.

    There must be a point. Raises `UnknownModel` where this site has no LeNet-5.
    """
    recognizer = models.get(MODEL)
    sheet = drawn(asked)
    ways = Ways(
        scaled=_look(recognizer, scale_down(sheet, asked.invert)), centered=None, box=None, maps=""
    )
    with suppress(EmptyDrawing):
        prepared = preprocess(sheet)
        ways.centered = _look(recognizer, prepared.pixels)
        ways.box = [length * SHEET / len(sheet) for length in prepared.box]
        (first, *_) = recognizer.stages(prepared.pixels[None]).values()
        ways.maps = as_data_url(as_levels(lay_out(first[0])))
    return ways


def row_by_row(asked: SheetRequest, models: Models) -> Rows:
    """How the answer of the model that reads rows forms, from the first row to the last.

    Raises `EmptyDrawing`, and `UnknownModel` where this site has no such model.
    """
    recognizer = models.get(ROW_MODEL)
    pixels = preprocess(drawn(asked)).pixels
    shown = np.tril(np.ones((SIDE, SIDE), bool))  # [step, row]
    steps = np.where(shown[:, :, None], pixels, 0).astype(np.uint8)
    probabilities = digit_probabilities(recognizer.logits(steps), recognizer.card.temperature)
    (states, *_) = recognizer.stages(pixels[None]).values()
    return Rows(
        probabilities=probabilities.round(3).tolist(),
        states=as_data_url(as_levels(lay_out(states[0]))),
    )


def drawn(asked: SheetRequest) -> Pixels:
    """The sheet as a picture on white paper, uint8 [280, 280, 3]."""
    lines = [np.array([point[:2] for point in line]) for line in asked.strokes if line]
    ink = draw_on_sheet(lines, DEFAULT_SIDE, SHEET, asked.pen)[:, :, None] / np.float32(255)
    return np.round(255 + (np.array(asked.ink) - 255) * ink).astype(np.uint8)


def as_levels(values: NDArray[np.float32]) -> Pixels:
    """Map values, float32 [height, width], to gray, uint8 [height, width]; NaN becomes black.

    Zero is black and the largest value white; if there are negative ones, zero is the middle gray.
    """
    there = np.nan_to_num(values)
    low, high = float(there.min()), float(there.max())
    if low < 0:
        return np.round(127.5 + 127.5 * there / max(-low, high)).astype(np.uint8)
    return np.round(255 * there / max(high, 1e-9)).astype(np.uint8)


def _look(recognizer: Recognizer, pixels: Pixels) -> Look:
    logits = recognizer.logits(pixels[None])
    (probabilities,) = digit_probabilities(logits, recognizer.card.temperature)
    return Look(
        pixels=pixels.ravel().tolist(),
        seen=as_data_url(pixels),
        digit=int(probabilities.argmax()),
        probabilities=probabilities.round(4).tolist(),
    )
