"""Removing the ruled lines of a note app or a form from a drawing on flat paper."""

from __future__ import annotations

import cv2
import numpy as np

from trainer.recognition.array_types import Pixels
from trainer.recognition.preprocess.components import remove_faint_components
from trainer.recognition.preprocess.rules import remove_rules

_NOISE = 20  # gray levels by which compression changes flat paper, at most
_MIN_COVERAGE = 0.85  # share of a row or a column that has ink, if it is a line
_MAX_LEVEL = 0.7  # of the strongest ink: fainter lines are subtracted, others are traced
_MIN_LEFT = 0.1  # of the longer side: length of what is left, or the lines were the drawing
_SPREAD = 1.1  # strength of the strongest pixels of a line, by its median


def remove_screen_rules(ink: Pixels) -> Pixels:
    """Remove lines that run across the whole drawing; returns the same array if there are none.

    Takes and returns uint8 [height, width], 0 for paper. Lines fainter than the pen are subtracted,
    which also removes them beneath its strokes; those as strong are erased but where strokes cross.
    """
    clean = cv2.threshold(ink, _NOISE, 255, cv2.THRESH_TOZERO)[1]
    level = max(_line_level(clean), _line_level(cv2.transpose(clean)))
    strongest = int(ink.max(initial=0))
    if not level:
        return ink
    if level <= _MAX_LEVEL * strongest:
        lowest = _SPREAD * level + _NOISE / 2
        scale = strongest / max(1.0, strongest - lowest)
        return cv2.convertScaleAbs(cv2.subtract(clean, np.full_like(clean, lowest)), alpha=scale)
    without = remove_rules(clean)
    if not cv2.norm(without, clean, cv2.NORM_INF):
        return ink
    without = remove_faint_components(without)
    left = max(cv2.boundingRect(without)[2:])
    return without if left >= _MIN_LEFT * max(ink.shape) else ink


def _line_level(ink: Pixels) -> float:
    """The strength of the strongest horizontal line across the whole image, or 0."""
    lines = ink[(ink > 0).mean(axis=1) >= _MIN_COVERAGE]
    return float(np.median(lines, axis=1).max(initial=0))
