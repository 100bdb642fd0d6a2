"""Finding ink on photographed paper: uneven light, shadows, texture, ruled lines."""

from __future__ import annotations

from functools import reduce

import cv2
import numpy as np

from trainer.recognition.array_types import Pixels
from trainer.recognition.preprocess.components import remove_faint_components
from trainer.recognition.preprocess.rules import remove_rules

_MAX_DEVIATION_OF_DRAWING = 0  # median deviation of the border: a digital canvas has none
_THUMBNAIL_SIDE = 96  # pixels of the longer side at which the illumination is estimated
_MEDIAN_WINDOW = 0.45  # of that side: ink covers less than half of a window of this size
_MAX_STROKE_WIDTH = 0.25  # of that side
_MIN_SIGNAL_TO_NOISE = 5  # standard deviations of the paper's noise by which ink exceeds it
_PAPER_LEVEL = 128  # gray level of evenly lit paper after division by the illumination
_MIN_CONTRAST = 14  # gray levels by which the strongest ink differs from that, at least
_MIN_GRAINY_CONTRAST = 30  # the same in a picture that is searched again at a smaller size,
_MAX_HALVINGS = 3  # so many times,
_MIN_HALVED_SIDE = 40  # pixels: while its shorter side is as long
_MIN_ILLUMINATION = 16  # gray level: darker places are not brightened further
_NO_INK, _FULL_INK = 0.18, 0.7  # of the strongest ink: mapped to 0 and to 255
_MIN_TONES = 40  # gray levels between two tones
_MIN_BETWEEN = 0.85  # share of the variance that lies between the tones; a slope has 0.75
_STEEPNESS = 2  # of the step from one tone to the other, by that of the picture
_QUANTILE_TO_SIGMA = 0.84  # the 20th percentile of a normal distribution lies 0.84 sigma below 0


def is_uneven(border: Pixels) -> bool:
    """Whether these border pixels, sorted, uint8 [n], are those of a photo.

    Uses the median absolute deviation, which is robust against strokes that touch the border.
    """
    if border[0] == border[-1]:  # as of most drawings
        return False
    middle = len(border) // 2
    deviations = cv2.absdiff(border, np.full_like(border, border[middle]))
    deviation = int(np.partition(deviations, middle, axis=0)[middle].max())
    return deviation > _MAX_DEVIATION_OF_DRAWING


def extract_ink(channels: list[Pixels], dark_on_light: bool) -> Pixels:
    """Find ink on unevenly lit paper.

    `channels` are uint8 [height, width] each; `dark_on_light` says whether the ink is darker than
    the paper. Returns the strength of the ink, uint8 [height, width], 0 for paper, with everything
    that lies beside the drawing.

    A morphological closing (an opening for light ink) removes everything as narrow as a stroke but
    preserves the edges of shadows. The result estimates the illumination, by which the image is
    divided. Whatever then exceeds the paper's noise is ink, from which ruled lines are removed.
    Where that is nothing, the picture may be so grainy that only what is large can be seen: it is
    searched again at half, a quarter and an eighth of its size.
    """
    ink = _extract(channels, dark_on_light, _MIN_CONTRAST)
    shape, smaller = ink.shape, channels
    for _ in range(_MAX_HALVINGS):
        if ink.any() or min(smaller[0].shape) < 2 * _MIN_HALVED_SIDE:
            break
        smaller = [_halved(channel) for channel in smaller]
        found = _extract(smaller, dark_on_light, _MIN_GRAINY_CONTRAST)
        ink = cv2.resize(found, shape[::-1], interpolation=cv2.INTER_LINEAR)
    return ink


def _extract(channels: list[Pixels], dark_on_light: bool, min_contrast: float) -> Pixels:
    """Ink of a known polarity, which differs from the paper by at least so many gray levels."""
    operation = cv2.MORPH_CLOSE if dark_on_light else cv2.MORPH_OPEN
    blurred = [cv2.GaussianBlur(channel, (3, 3), 0) for channel in channels]
    ratios = [_divide_by_illumination(channel, operation) for channel in blurred]
    ratio = reduce(cv2.min if dark_on_light else cv2.max, ratios)
    paper = np.full_like(ratio, _PAPER_LEVEL)
    difference = cv2.subtract(*((paper, ratio) if dark_on_light else (ratio, paper)))
    return remove_faint_components(remove_rules(_remove_noise(difference, min_contrast)))


def two_tones(channels: list[Pixels]) -> tuple[Pixels, bool] | None:
    """Find ink by one threshold (Otsu 1979), or return None if there are not clearly two tones.

    `channels` are those of `extract_ink`. Returns the strength of the ink, uint8 [height, width], 0
    for paper; and whether the ink is darker than the paper, which has the tone along the border.
    Where strokes are wider than what is left between and around them, in a photo that was cropped
    closely, the light cannot be estimated.
    """
    channel = max(channels, key=lambda each: float(each.std()))
    channel = cv2.GaussianBlur(channel, (3, 3), 0)
    level, light = cv2.threshold(channel, 0, 1, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    share = float(light.mean())
    if not 0 < share < 1:
        return None
    tones = [float(channel[light == each].mean()) for each in (0, 1)]
    between = share * (1 - share) * (tones[1] - tones[0]) ** 2
    if tones[1] - tones[0] < _MIN_TONES or between < _MIN_BETWEEN * float(channel.var()):
        return None
    border = np.concatenate([light[0], light[-1], light[:, 0], light[:, -1]])
    dark_on_light = bool(border.mean() >= 0.5)
    ramp = (level - channel.astype(np.float32)) / (tones[1] - tones[0])
    ink = (128 + 255 * _STEEPNESS * (ramp if dark_on_light else -ramp)).clip(0, 255)
    return ink.astype(np.uint8), dark_on_light


def _halved(channel: Pixels) -> Pixels:
    size = [max(1, side // 2) for side in channel.shape[::-1]]
    return cv2.resize(channel, size, interpolation=cv2.INTER_AREA)


def is_dark_on_light(channels: list[Pixels], margin: float = 0.0) -> bool:
    """Whether the minority of pixels that differ from their wide neighborhood are darker than it.

    The third moment gives more weight to ink, which is strong and rare, than to shadows. Pixels
    within the `margin`, a share of each side, do not count.
    """
    skewness = 0.0
    for channel in channels:
        small = _thumbnail(channel)
        paper = cv2.medianBlur(small, int(_MEDIAN_WINDOW * max(small.shape)) | 1)
        top, left = (int(margin * side) for side in small.shape)
        inside = slice(top, len(small) - top), slice(left, small.shape[1] - left)
        skewness += float(((small[inside].astype(np.float32) - paper[inside]) ** 3).sum())
    return skewness <= 0


def _thumbnail(channel: Pixels) -> Pixels:
    scale = min(1.0, _THUMBNAIL_SIDE / max(channel.shape))
    size = (max(1, round(channel.shape[1] * scale)), max(1, round(channel.shape[0] * scale)))
    return cv2.resize(channel, size, interpolation=cv2.INTER_AREA)


def _divide_by_illumination(channel: Pixels, operation: int) -> Pixels:
    """Even out the light on a channel: `_PAPER_LEVEL` where there is only paper."""
    small = _thumbnail(channel)
    side = int(_MAX_STROKE_WIDTH * max(small.shape)) | 1
    brush = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    light = cv2.blur(cv2.morphologyEx(small, operation, brush), (3, 3))
    light = cv2.resize(light, channel.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return cv2.divide(channel, np.maximum(light, _MIN_ILLUMINATION), scale=_PAPER_LEVEL)


def _remove_noise(difference: Pixels, min_contrast: float) -> Pixels:
    """Stretch ink to the full range, and set everything as weak as noise to 0."""
    sample = difference[::3, ::3].ravel()
    below, paper, high = np.percentile(sample, (20, 50, 99.8))
    noise = max(0.5, (paper - below) / _QUANTILE_TO_SIGMA)  # on the side without ink
    strongest = max(float(high), 0.6 * float(difference.max())) - paper
    least = max(_MIN_SIGNAL_TO_NOISE * noise, min_contrast)
    if strongest < least:
        return np.zeros_like(difference)
    faint = max(_NO_INK * strongest, 0.7 * least)
    full = max(_FULL_INK * strongest, faint + 1)
    return cv2.convertScaleAbs(cv2.subtract(difference, paper + faint), alpha=255 / (full - faint))
