"""From a picture to its ink, as it comes from a canvas: every pixel of the paper is alike."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

import cv2
import numpy as np
from PIL import Image

from trainer.recognition.preprocess.arrays import Pixels, as_array, shrink
from trainer.recognition.preprocess.paper import flatten, is_uneven

FAINTEST = 24  # of 255; paper that differs less than this from itself is blank

_OPAQUE = 128
_LEVELS = np.arange(256)


class EmptyDrawing(ValueError):
    """There is no ink in the picture, or no more than a dot."""


@dataclass(frozen=True, slots=True)
class Ink:
    """Ink without its paper.

    `strength` is uint8 [height, width], 0 where there is only paper. One of its pixels is `scale`
    pixels wide and high in the picture that came in. `dark_on_light` tells which way round it came.
    """

    strength: Pixels
    scale: float
    dark_on_light: bool


def find_ink(picture: Image.Image | Pixels, scale: float = 1.0) -> Ink:
    """Separate ink from paper. Raises `EmptyDrawing` when there is none.

    The paper's colour is the median of the picture's outermost pixels. Ink is whatever differs from
    it in any colour channel, so that red on blue of the same lightness is found too; of the two
    directions, darker and lighter, the one with more energy is the ink and the other is noise.
    One of the picture's pixels is `scale` pixels wide in what was sent.

    Where those outermost pixels are not alike it is a photo, and `paper.flatten` comes first.
    """
    array = as_array(picture) if isinstance(picture, Image.Image) else picture
    array, shrunk = shrink(array)
    strength, dark_on_light = _strength(array)
    if int(strength.max(initial=0)) < FAINTEST:
        raise EmptyDrawing("no ink found in the picture")
    return Ink(strength, scale * shrunk, dark_on_light)


def _strength(array: Pixels) -> tuple[Pixels, bool]:
    """uint8 [height, width], 0 for paper and more for ink, and whether the ink is darker."""
    if array.ndim == 3 and array.shape[2] == 4:
        alpha = array[:, :, 3]
        if _drawing_is_alpha(array):
            return alpha, _mean_lightness(array, alpha) < 128
        array = _fill_transparent(array)
    channels = _channels(array)
    edges = [_edge(channel) for channel in channels]
    if any(is_uneven(edge) for edge in edges):
        return flatten(channels)
    differences = [_from_paper(*pair) for pair in zip(channels, edges, strict=True)]
    darker = reduce(cv2.max, [darker for darker, _ in differences])
    lighter = reduce(cv2.max, [lighter for _, lighter in differences])
    dark_on_light = cv2.norm(darker) >= cv2.norm(lighter)
    return (darker if dark_on_light else lighter), dark_on_light


def _channels(array: Pixels) -> list[Pixels]:
    """The colour channels, or the one that they all are: most drawings come in grey."""
    first, *others = cv2.split(array)
    alike = all(cv2.norm(first, other, cv2.NORM_INF) == 0 for other in others)
    return [first] if alike else [first, *others]


def _edge(channel: Pixels) -> Pixels:
    """The outermost pixels, sorted."""
    return np.sort(np.concatenate([channel[0], channel[-1], channel[:, 0], channel[:, -1]]))


def _from_paper(channel: Pixels, edge: Pixels) -> tuple[Pixels, Pixels]:
    """How much darker and how much lighter each pixel is than the paper, in one colour channel."""
    paper = int(edge[len(edge) // 2])
    lighter = (_LEVELS - paper).clip(0).astype(np.uint8)
    darker = (paper - _LEVELS).clip(0).astype(np.uint8)
    return cv2.LUT(channel, darker), cv2.LUT(channel, lighter)


def _mean_lightness(rgba: Pixels, weight: Pixels) -> float:
    total = float(weight.sum(dtype=np.int64))
    if not total:
        return 0.0
    return float((rgba[:, :, :3].mean(axis=2) * weight).sum() / total)


def _drawing_is_alpha(rgba: Pixels) -> bool:
    """Whether the transparency itself is the paper, as on a canvas that was never filled.

    So it is when all that is opaque has one shade, or when little is opaque at all; otherwise the
    paper is part of the picture and the transparency only surrounds it.
    """
    opaque = rgba[:, :, 3] >= _OPAQUE
    share = float(opaque.mean())
    if share == 1.0:
        return False
    if share < 0.35:
        return True
    low, high = np.percentile(rgba[:, :, :3][opaque], (2, 98), axis=0)
    return bool((high - low).max() < FAINTEST)


def _fill_transparent(rgba: Pixels) -> Pixels:
    """Flatten on the commonest colour of the opaque part, which is its paper."""
    colours, alpha = rgba[:, :, :3], rgba[:, :, 3]
    if alpha.min() == 255:
        return colours
    paper = np.median(colours[alpha >= _OPAQUE], axis=0)
    opacity = alpha[:, :, None] / np.float32(255)
    return (colours * opacity + paper * (1 - opacity)).astype(np.uint8)
