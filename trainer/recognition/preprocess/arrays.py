"""From an image of any mode to a uint8 array of bounded size."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from trainer.recognition.array_types import Pixels

MAX_SIDE = 1024
"""Larger images are scaled down to this longer side first; finer detail changes no prediction."""

_STRIP_PIXELS = 1 << 18
_DEPTHS = (8, 10, 12, 14, 16)  # bits
_FEW = 16
_TINY = 16  # pixels of the longer side
_ENLARGED = 4


def as_array(image: Image.Image) -> Pixels:
    """Convert a Pillow image of any mode to uint8 gray, RGB or RGBA."""
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return _to_8_bits(image)
    if image.mode not in ("L", "RGB", "RGBA"):
        if image.mode in ("LA", "La", "PA", "RGBa") or "transparency" in image.info:
            image = image.convert("RGBA")
        else:
            image = image.convert("L" if image.mode == "1" else "RGB")
    elif "transparency" in image.info:  # one color of an L or RGB image is declared transparent
        image = image.convert("RGBA")
    return _copied(image)


def _copied(image: Image.Image) -> Pixels:
    """The pixels of an L, RGB or RGBA image, a strip of rows at a time.

    Pillow's own conversion holds a large image three times, which takes twice as long.
    """
    width, height = image.size
    if width * height <= MAX_SIDE**2:
        return np.asarray(image)
    bands = len(image.getbands())
    pixels = np.empty((height, width, bands) if bands > 1 else (height, width), np.uint8)
    for rows, strip in _strips(image):
        pixels[rows] = strip
    return pixels


def _strips(image: Image.Image) -> Iterator[tuple[slice, NDArray[Any]]]:
    """The pixels of some rows at a time, with where they are."""
    step = max(1, _STRIP_PIXELS // image.width)
    for top in range(0, image.height, step):
        bottom = min(image.height, top + step)
        yield slice(top, bottom), np.asarray(image.crop((0, top, image.width, bottom)))


def _to_8_bits(image: Image.Image) -> Pixels:
    """Scale 16-bit or 32-bit integers, or floats, to uint8, a strip of rows at a time.

    Integers keep their scale, that of the smallest usual depth which has all of them: 8 bits, 10,
    12, 14 or 16, as cameras and scanners have. Beyond 16 bits their maximum is the scale; so it is
    of floats, but for those up to 1 and up to 255.
    """
    top = max((float(_finite(strip).max(initial=0)) for _, strip in _strips(image)), default=0)
    depth = next((depth for depth in _DEPTHS if top < 1 << depth), 0)
    pixels = np.empty((image.height, image.width), np.uint8)
    for rows, strip in _strips(image):
        if image.mode != "F" and depth:
            pixels[rows] = _finite(strip).astype(np.int64) >> depth - 8
        else:
            least = 1.0 if image.mode == "F" and top <= 1 else 255.0
            pixels[rows] = _finite(strip) * (255 / max(top, least))
    return pixels


def _finite(deep: NDArray[Any]) -> NDArray[Any]:
    """The values from 0 on; 0 where they are negative, infinite or not a number."""
    if deep.dtype.kind == "f":
        deep = np.nan_to_num(deep, posinf=0, neginf=0)
    return deep.clip(0)


def has_few_values(array: Pixels) -> bool:
    """Whether an image has no color channel with a value above `_FEW`, but is not black either.

    Such images were written without scaling their values to 8 bits: those of 4 bits, masks of 0
    and 1, and the digits of scikit-learn, which go from 0 to 16.
    """
    return 0 < int(_colors(array).max(initial=0)) <= _FEW


def stretched(array: Pixels) -> Pixels:
    """The image, which is not black, with its colors scaled so that the largest value is 255."""
    colors = _colors(array)
    top = int(colors.max())
    bright = cv2.LUT(colors, np.minimum(np.arange(256) * 255 // top, 255).astype(np.uint8))
    return bright if colors is array else np.dstack([bright, array[:, :, 3]])


def enlarge(gray: Pixels) -> tuple[Pixels, float]:
    """Enlarge a tiny image, uint8 [height, width], so that curves have more than a few pixels.

    Returns it with the factor. Of scikit-learn's digits, 8×8, 95 % instead of 90 % are accepted.
    """
    if max(gray.shape) > _TINY:
        return gray, 1.0
    size = (gray.shape[1] * _ENLARGED, gray.shape[0] * _ENLARGED)
    return cv2.resize(gray, size, interpolation=cv2.INTER_LINEAR), _ENLARGED


def _colors(array: Pixels) -> Pixels:
    """The image without its alpha."""
    return array[:, :, :3] if array.ndim == 3 and array.shape[2] == 4 else array


def shrink(array: Pixels) -> tuple[Pixels, float]:
    """Scale an image down to `MAX_SIDE` where it is larger.

    Returns it with the width of one of its pixels in pixels of the original, at least 1.
    """
    longest = max(array.shape[:2])
    if longest <= MAX_SIDE:
        return array, 1.0
    scale = MAX_SIDE / longest
    height, width = (max(1, round(side * scale)) for side in array.shape[:2])
    if array.ndim == 3 and array.shape[2] == 4:
        return _resize_transparent(array, (width, height)), 1 / scale
    return _resize(array, (width, height)), 1 / scale


def _resize(array: Pixels, size: tuple[int, int]) -> Pixels:
    return cv2.resize(array, size, interpolation=cv2.INTER_AREA)


def _resize_transparent(rgba: Pixels, size: tuple[int, int]) -> Pixels:
    """Scale an RGBA image down without mixing what is visible with colors that are not."""
    alpha = rgba[:, :, 3]
    least, most, *_ = cv2.minMaxLoc(alpha)
    if least == most:
        return _resize(rgba, size)
    weight = cv2.merge([alpha, alpha, alpha])
    colors = _resize(cv2.multiply(rgba[:, :, :3], weight, scale=1 / 255), size)
    alpha = _resize(alpha, size)
    colors = cv2.divide(colors, cv2.merge([alpha, alpha, alpha]), scale=255)
    return np.dstack([colors, alpha])
