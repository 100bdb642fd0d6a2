"""Which ink mattered to an answer."""

from __future__ import annotations

import numpy as np

from trainer.recognition.prediction import Floats, digit_probabilities
from trainer.recognition.preprocess import SIDE, Pixels
from trainer.recognition.recognizer import Recognizer

PATCH = 5  # pixels on a side


def occlusion_map(recognizer: Recognizer, pixels: Pixels) -> Floats:
    """How much the answer's probability falls where ink is covered (Zeiler and Fergus 2014).

    A patch of paper is laid over each place of a prepared picture, uint8 [28, 28]; a pixel gets the
    mean fall of the patches over it: float64 [28, 28], -1..1, and 0 where there is no ink near.
    Negative means that the ink there spoke against the answer.
    """
    reach = PATCH // 2
    padded = np.pad(pixels, reach)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (PATCH, PATCH))
    rows, columns = np.nonzero(windows.any(axis=(2, 3)))
    covered = np.repeat(pixels[None], len(rows), axis=0)
    masks = np.zeros(covered.shape, bool)
    for mask, row, column in zip(masks, rows, columns, strict=True):
        top, left = max(0, row - reach), max(0, column - reach)
        mask[top : row + reach + 1, left : column + reach + 1] = True
    covered[masks] = 0
    temperature = recognizer.card.temperature
    whole = digit_probabilities(recognizer.logits(pixels[None]), temperature)[0]
    answer = int(whole.argmax())
    falls = whole[answer] - digit_probabilities(recognizer.logits(covered), temperature)[:, answer]
    total = np.tensordot(falls, masks.astype(np.float64), axes=1)
    mean = total / np.maximum(masks.sum(axis=0), 1)
    return np.asarray(np.where(masks.any(axis=0), mean, 0.0)).reshape(SIDE, SIDE)
