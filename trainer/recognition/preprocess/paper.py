"""Paper that was photographed: uneven light, shadows, texture, ruled lines."""

from __future__ import annotations

from functools import reduce

import cv2
import numpy as np

from trainer.recognition.preprocess.arrays import Pixels
from trainer.recognition.preprocess.components import without_faint_pieces, without_strays
from trainer.recognition.preprocess.rules import without_rules

_UNEVEN = 0  # median deviation of the outermost pixels: a drawing page's paper has none
_THUMBNAIL = 96  # longer side at which the light on the paper is estimated
_NEIGHBOURHOOD = 0.45  # of that side: ink covers the lesser part of a window as large as this
_WIDEST_STROKE = 0.25  # of that side
_NOISE = 5  # standard deviations that ink rises above the paper's noise
_PAPER = 128  # what paper becomes; ink is darker or lighter
_CONTRAST = 14  # of that, the least of it
_DARKEST = 16  # light of which a picture still tells
_FAINT, _FULL = 0.18, 0.7  # of the strongest ink: from no ink at all to as dark as it gets


def is_uneven(edge: Pixels) -> bool:
    """Whether these outermost pixels, sorted, are a photo's.

    By the median absolute deviation, which strokes that touch the edge do not disturb.
    """
    middle = len(edge) // 2
    deviations = cv2.absdiff(edge, np.full_like(edge, edge[middle]))
    return int(np.partition(deviations, middle, axis=0)[middle].max()) > _UNEVEN


def flatten(channels: list[Pixels]) -> tuple[Pixels, bool]:
    """Find ink on unevenly lit paper: uint8 [height, width], 0 for paper, and whether it is darker.

    The light on the paper is what is left when everything as narrow as a stroke is taken away by a
    morphological closing (opening, for light ink), which keeps the edges of shadows where they are;
    the picture is divided by it. What rises above the noise of the paper is ink; ruled lines and
    what reaches in from outside are taken out of it.
    """
    dark_on_light = _is_dark_on_light(channels)
    operation = cv2.MORPH_CLOSE if dark_on_light else cv2.MORPH_OPEN
    ratios = [_over_light(cv2.GaussianBlur(channel, (3, 3), 0), operation) for channel in channels]
    ratio = reduce(cv2.min if dark_on_light else cv2.max, ratios)
    paper = np.full_like(ratio, _PAPER)
    difference = cv2.subtract(*((paper, ratio) if dark_on_light else (ratio, paper)))
    ink = without_faint_pieces(without_rules(_clear(difference)))
    return without_strays(ink), dark_on_light


def _is_dark_on_light(channels: list[Pixels]) -> bool:
    """Whether what stands out from its wide neighbourhood, of which it is the lesser part, is dark.

    The third moment weighs ink, which is strong and rare, above shadows.
    """
    skewness = 0.0
    for channel in channels:
        small = _thumbnail(channel)
        paper = cv2.medianBlur(small, int(_NEIGHBOURHOOD * max(small.shape)) | 1)
        skewness += float(((small.astype(np.float32) - paper) ** 3).sum())
    return skewness <= 0


def _thumbnail(channel: Pixels) -> Pixels:
    scale = min(1.0, _THUMBNAIL / max(channel.shape))
    size = (max(1, round(channel.shape[1] * scale)), max(1, round(channel.shape[0] * scale)))
    return cv2.resize(channel, size, interpolation=cv2.INTER_AREA)


def _over_light(channel: Pixels, operation: int) -> Pixels:
    """A channel divided by the light that falls on it: 128 where there is only paper."""
    small = _thumbnail(channel)
    side = int(_WIDEST_STROKE * max(small.shape)) | 1
    brush = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    light = cv2.blur(cv2.morphologyEx(small, operation, brush), (3, 3))
    light = cv2.resize(light, channel.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return cv2.divide(channel, np.maximum(light, _DARKEST), scale=_PAPER)


def _clear(difference: Pixels) -> Pixels:
    """Stretch ink to the full range and wipe out what is no stronger than noise."""
    sample = difference[::3, ::3].ravel()
    below, paper, high = np.percentile(sample, (20, 50, 99.8))
    noise = max(0.5, (paper - below) / 0.84)  # from below, where there is no ink
    strongest = max(float(high), 0.6 * float(difference.max())) - paper
    least = max(_NOISE * noise, _CONTRAST)
    if strongest < least:
        return np.zeros_like(difference)
    faint = max(_FAINT * strongest, 0.7 * least)
    full = max(_FULL * strongest, faint + 1)
    return cv2.convertScaleAbs(cv2.subtract(difference, paper + faint), alpha=255 / (full - faint))
