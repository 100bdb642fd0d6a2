"""From an image of any mode to a uint8 array of bounded size."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from trainer.recognition.array_types import Pixels

MAX_SIDE = 1024
"""Larger images are scaled down to this longer side first; finer detail changes no prediction."""


_STRIP_ROWS = 64


def as_array(image: Image.Image) -> Pixels:
    """Convert a Pillow image of any mode to uint8 gray, RGB or RGBA."""
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return _to_8_bits(np.asarray(image))
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
    for top in range(0, height, _STRIP_ROWS):
        bottom = min(height, top + _STRIP_ROWS)
        pixels[top:bottom] = np.asarray(image.crop((0, top, width, bottom)))
    return pixels


def _to_8_bits(deep: NDArray[Any]) -> Pixels:
    """Scale 16-bit or 32-bit integers, or floats, to uint8.

    Integers that fit into 16 bits keep their scale; anything above is scaled by its maximum.
    """
    if deep.dtype.kind == "f":
        deep = np.nan_to_num(deep, posinf=0, neginf=0)
    deep = deep.clip(0)
    top = float(deep.max(initial=0))
    if deep.dtype.kind != "f" and 255 < top <= 65535:
        return (deep >> 8).astype(np.uint8)
    return (deep * (255 / max(top, 255.0))).astype(np.uint8)


def shrink(array: Pixels) -> tuple[Pixels, float]:
    """Scale an image down to `MAX_SIDE` where it is larger.

    Returns it with the width of one of its pixels in pixels of the original, at least 1.
    """
    longest = max(array.shape[:2])
    if longest <= MAX_SIDE:
        return array, 1.0
    scale = MAX_SIDE / longest
    height, width = (max(1, round(side * scale)) for side in array.shape[:2])
    return cv2.resize(array, (width, height), interpolation=cv2.INTER_AREA), 1 / scale
