"""Occlusion maps: which ink a prediction depends on (Zeiler and Fergus 2014)."""

from __future__ import annotations

import numpy as np

from trainer.recognition.array_types import Floats, Pixels
from trainer.recognition.prediction import digit_probabilities
from trainer.recognition.preprocess import SIDE
from trainer.recognition.recognizer import Recognizer

PATCH_SIDE = 5
"""Side of the square that covers ink, in pixels."""


def occlusion_map(recognizer: Recognizer, pixels: Pixels) -> Floats:
    """By how much the probability of the predicted digit drops where ink is covered.

    `pixels` is a preprocessed image, uint8 [28, 28]. It is covered by a patch of paper at each
    position, and each pixel gets the mean drop over the patches that cover it: float64 [28, 28],
    -1..1, and 0 away from ink. Negative values mark ink that contradicts the prediction.
    """
    reach = PATCH_SIDE // 2
    padded = np.pad(pixels, reach)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (PATCH_SIDE, PATCH_SIDE))
    rows, columns = np.nonzero(windows.any(axis=(2, 3)))
    covered = np.repeat(pixels[None], len(rows), axis=0)
    masks = np.zeros(covered.shape, bool)
    for mask, row, column in zip(masks, rows, columns, strict=True):
        top, left = max(0, row - reach), max(0, column - reach)
        mask[top : row + reach + 1, left : column + reach + 1] = True
    covered[masks] = 0
    temperature = recognizer.card.temperature
    whole = digit_probabilities(recognizer.logits(pixels[None]), temperature)[0]
    predicted = int(whole.argmax())
    drops = (
        whole[predicted]
        - digit_probabilities(recognizer.logits(covered), temperature)[:, predicted]
    )
    total = np.tensordot(drops, masks.astype(np.float64), axes=1)
    mean = total / np.maximum(masks.sum(axis=0), 1)
    return np.asarray(np.where(masks.any(axis=0), mean, 0.0)).reshape(SIDE, SIDE)
