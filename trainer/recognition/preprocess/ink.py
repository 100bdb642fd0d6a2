"""Separating ink from paper. Photos are handed on to `paper`."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
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
from trainer.recognition.preprocess.components import embedded, remove_strays
from trainer.recognition.preprocess.frames import inner_view
from trainer.recognition.preprocess.paper import (
    extract_ink,
    is_dark_on_light,
    is_uneven,
    two_tones,
)
from trainer.recognition.preprocess.screen_rules import remove_screen_rules
from trainer.recognition.preprocess.transparency import opaque_drawing

_MIN_CONTRAST = 24  # of 255: an image with less contrast between ink and paper is blank
_TINY = 16  # pixels of the longer side: of a digit in a tiny image, much may touch its border
_MAX_FRAMES = 3  # that are looked for, one within the other
_MIN_SIDE_WITH_LINES = 40  # pixels: in smaller pictures, strokes look like lines
_MAX_ENERGY = 0.6  # of a picture that is all ink: with more, what was taken for paper is a frame
_GRAY_LEVELS = np.arange(256)


class EmptyDrawing(ValueError):
    """The image contains no ink, or nothing but a dot."""


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo, or the part of one within a frame, of which the ink may be seen in other ways."""

    channels: list[Pixels]
    """uint8 [height, width] each."""
    everything: Pixels
    """The strength of all ink, including what lies beside the drawing: uint8 [height, width]."""
    corner: tuple[int, int] = (0, 0)
    """Its first row and column in the image."""


@dataclass(frozen=True, slots=True)
class Ink:
    """The ink of an image, separated from its paper."""

    strength: Pixels
    """uint8 [height, width], 0 for paper."""
    scale: float
    """Width of one pixel of `strength` in pixels of the image that was sent."""
    dark_on_light: bool
    """Whether the ink was darker than the paper."""
    photo: Photo | None = None
    """The photo that it was found on, if it was one."""


def find_ink(picture: Image.Image | Pixels, scale: float = 1.0) -> Ink:
    """Separate ink from paper.

    `picture` is a Pillow image of any mode, or uint8 gray, RGB or RGBA; `scale` is the width of one
    of its pixels in pixels of the image that was sent. Raises `EmptyDrawing` if there is no ink.

    The paper's color is the median of the border pixels. Ink is whatever differs from it in any
    color channel, so that red on blue of the same lightness is found too. Of the two directions,
    darker and lighter, the one with more energy is the ink; the other is noise. If the border
    pixels differ from each other, the image is a photo, and `paper.extract_ink` is used instead.
    Where the border may be that of a frame or has other ink on it, frames and bars are looked for
    first (`frames`), and lines across the whole image are removed (`screen_rules`).
    """
    array = as_array(picture) if isinstance(picture, Image.Image) else picture
    array, shrunk = shrink(array)
    found = _find(array)
    if _is_blank(found) and has_few_values(array):
        found = _find(stretched(array), is_drawn=True)
        strength, enlarged = enlarge(found.strength)
        found, shrunk = replace(found, strength=strength), shrunk / enlarged
    if _is_blank(found):
        raise EmptyDrawing("no ink found in the picture")
    return replace(found, scale=scale * shrunk)


def _is_blank(ink: Ink) -> bool:
    return cv2.norm(ink.strength, cv2.NORM_INF) < _MIN_CONTRAST


def _find(array: Pixels, is_drawn: bool = False) -> Ink:
    """The ink of an image, with a scale of 1.

    An image that `is_drawn` is no photo, and may be so tight that ink covers most of its border.
    """
    if array.ndim == 3 and array.shape[2] == 4:
        drawing = opaque_drawing(array)
        if drawing is None:
            alpha = array[:, :, 3]
            return Ink(alpha, 1.0, _mean_lightness(array, alpha) < 128)
        array = drawing
    channels = _channels(array)
    return _find_on_commonest(channels) if is_drawn else _find_on_paper(channels, _MAX_FRAMES)


def _find_on_paper(channels: list[Pixels], frames: int) -> Ink:
    """The ink of an image without transparency; `frames` is how many frames to look for."""
    borders = [_border(channel) for channel in channels]
    if any(is_uneven(border) for border in borders):
        return _find_within_frame(channels, frames) or _find_on_photo(channels)
    darker, lighter = _darker_and_lighter(channels, borders)
    energies = cv2.norm(darker), cv2.norm(lighter)
    dark_on_light = energies[0] >= energies[1]
    strength = darker if dark_on_light else lighter
    touched = any(border[0] != border[-1] for border in borders)
    if touched or max(energies) > _MAX_ENERGY * _most_energy(strength):
        found = _find_within_frame(channels, frames)
        if found:
            return found
    if touched and min(strength.shape) >= _MIN_SIDE_WITH_LINES:
        strength = remove_screen_rules(strength)
    return Ink(strength, 1.0, dark_on_light)


def _most_energy(strength: Pixels) -> float:
    """The norm of an image whose pixels are all as strong as the strongest one."""
    return cv2.norm(strength, cv2.NORM_INF) * math.sqrt(strength.size)


def _find_on_photo(channels: list[Pixels]) -> Ink:
    dark_on_light = is_dark_on_light(channels)
    everything = extract_ink(channels, dark_on_light)
    if not everything.any() and (found := two_tones(channels)):
        everything, dark_on_light = found
    if not everything.any() and max(everything.shape) <= _TINY:
        return _find_on_commonest(channels)
    photo = Photo(channels, everything)
    return Ink(remove_strays(everything), 1.0, dark_on_light, photo)


def _find_on_commonest(channels: list[Pixels]) -> Ink:
    """The ink of an image whose border it may cover: paper is the commonest level."""
    papers = [np.full(1, np.bincount(channel.ravel()).argmax()) for channel in channels]
    darker, lighter = _darker_and_lighter(channels, papers)
    dark_on_light = cv2.norm(darker) >= cv2.norm(lighter)
    return Ink(darker if dark_on_light else lighter, 1.0, dark_on_light)


def _darker_and_lighter(channels: list[Pixels], borders: list[Pixels]) -> tuple[Pixels, Pixels]:
    """How much darker and lighter than the paper each pixel is, in the channel with most of it."""
    differences = [_differences(*pair) for pair in zip(channels, borders, strict=True)]
    darker = reduce(cv2.max, [darker for darker, _ in differences])
    lighter = reduce(cv2.max, [lighter for _, lighter in differences])
    return darker, lighter


def _find_within_frame(channels: list[Pixels], frames: int) -> Ink | None:
    """The ink of the part within a frame or bars, if there are any with ink in them."""
    view = inner_view(channels) if frames else None
    if view is None:
        return None
    found = _find_on_paper([np.ascontiguousarray(each[view]) for each in channels], frames - 1)
    if _is_blank(found):
        return None
    top, left = view[0].start, view[1].start
    photo = found.photo
    if photo:
        photo = replace(photo, corner=(top + photo.corner[0], left + photo.corner[1]))
    strength = embedded(found.strength, channels[0].shape, (top, left))
    return replace(found, strength=strength, photo=photo)


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
