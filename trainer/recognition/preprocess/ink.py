"""Separating ink from paper. Photos are handed on to `paper`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, reduce

import cv2
import numpy as np
from PIL import Image

from trainer.recognition.array_types import Pixels
from trainer.recognition.preprocess.arrays import (
    as_array,
    enlarge,
    has_few_values,
    shrink,
    stretched,
)
from trainer.recognition.preprocess.paper import extract_ink, is_uneven
from trainer.recognition.preprocess.transparency import opaque_drawing

_MIN_CONTRAST = 24  # of 255: an image with less contrast between ink and paper is blank
_GRAY_LEVELS = np.arange(256)


class EmptyDrawing(ValueError):
    """The image contains no ink, or nothing but a dot."""


@dataclass(frozen=True, slots=True)
class Ink:
    """The ink of an image, separated from its paper."""

    strength: Pixels
    """uint8 [height, width], 0 for paper."""
    scale: float
    """Width of one pixel of `strength` in pixels of the image that was sent."""
    dark_on_light: bool
    """Whether the ink was darker than the paper."""


def find_ink(picture: Image.Image | Pixels, scale: float = 1.0) -> Ink:
    """Separate ink from paper.

    `picture` is a Pillow image of any mode, or uint8 gray, RGB or RGBA; `scale` is the width of one
    of its pixels in pixels of the image that was sent. Raises `EmptyDrawing` if there is no ink.

    The paper's color is the median of the border pixels. Ink is whatever differs from it in any
    color channel, so that red on blue of the same lightness is found too. Of the two directions,
    darker and lighter, the one with more energy is the ink; the other is noise. If the border
    pixels differ from each other, the image is a photo, and `paper.extract_ink` is used instead.
    """
    array = as_array(picture) if isinstance(picture, Image.Image) else picture
    array, shrunk = shrink(array)
    strength, dark_on_light = _strength(array)
    if int(strength.max(initial=0)) < _MIN_CONTRAST and has_few_values(array):
        strength, dark_on_light = _strength(stretched(array), is_drawn=True)
        strength, enlarged = enlarge(strength)
        shrunk /= enlarged
    if int(strength.max(initial=0)) < _MIN_CONTRAST:
        raise EmptyDrawing("no ink found in the picture")
    return Ink(strength, scale * shrunk, dark_on_light)


def _strength(array: Pixels, is_drawn: bool = False) -> tuple[Pixels, bool]:
    """Ink strength, uint8 [height, width], 0 for paper; and whether ink is darker than paper.

    An image that `is_drawn` is no photo, and may be so tight that ink covers most of its border.
    """
    if array.ndim == 3 and array.shape[2] == 4:
        drawing = opaque_drawing(array)
        if drawing is None:
            alpha = array[:, :, 3]
            return alpha, _mean_lightness(array, alpha) < 128
        array = drawing
    channels = _channels(array)
    borders = [_border(channel) for channel in channels]
    if is_drawn:
        borders = [np.array([np.bincount(border).argmax()]) for border in borders]
    elif any(is_uneven(border) for border in borders):
        return extract_ink(channels)
    differences = [_differences(*pair) for pair in zip(channels, borders, strict=True)]
    darker = reduce(cv2.max, [darker for darker, _ in differences])
    lighter = reduce(cv2.max, [lighter for _, lighter in differences])
    dark_on_light = cv2.norm(darker) >= cv2.norm(lighter)
    return (darker if dark_on_light else lighter), dark_on_light


def _channels(array: Pixels) -> list[Pixels]:
    """Split into color channels, or into one if they are all equal, as in most drawings."""
    first, *others = cv2.split(array)
    all_equal = all(cv2.norm(first, other, cv2.NORM_INF) == 0 for other in others)
    return [first] if all_equal else [first, *others]


def _border(channel: Pixels) -> Pixels:
    """The outermost pixels of a channel, sorted: uint8 [n]."""
    return np.sort(np.concatenate([channel[0], channel[-1], channel[:, 0], channel[:, -1]]))


def _differences(channel: Pixels, border: Pixels) -> tuple[Pixels, Pixels]:
    """How much darker and how much lighter than the paper each pixel of a channel is."""
    darker, lighter = _tables(int(border[len(border) // 2]))
    return cv2.LUT(channel, darker), cv2.LUT(channel, lighter)


@cache
def _tables(paper: int) -> tuple[Pixels, Pixels]:
    """How much darker and how much lighter than the paper each gray level is: uint8 [256] each."""
    lighter = (_GRAY_LEVELS - paper).clip(0).astype(np.uint8)
    darker = (paper - _GRAY_LEVELS).clip(0).astype(np.uint8)
    return darker, lighter


def _mean_lightness(rgba: Pixels, weight: Pixels) -> float:
    total = float(weight.sum(dtype=np.int64))
    if not total:
        return 0.0
    return float((rgba[:, :, :3].mean(axis=2) * weight).sum() / total)
