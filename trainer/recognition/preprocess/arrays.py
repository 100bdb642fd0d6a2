"""From a picture of any kind to an array of a bounded size."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[Any]
"""uint8, always; OpenCV's stubs know no more than that it is an array."""

LARGEST_SIDE = 1024
"""Larger pictures are shrunk to it first: more detail than this decides nothing."""


def as_array(image: Image.Image) -> Pixels:
    """Pillow image of any mode to uint8 grey, RGB or RGBA."""
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return _eight_bits(np.asarray(image))
    if image.mode not in ("L", "RGB", "RGBA"):
        if image.mode in ("LA", "La", "PA", "RGBa") or "transparency" in image.info:
            image = image.convert("RGBA")
        else:
            image = image.convert("L" if image.mode == "1" else "RGB")
    elif "transparency" in image.info:  # one colour of an L or RGB picture declared transparent
        image = image.convert("RGBA")
    return np.asarray(image)


def _eight_bits(deep: NDArray[Any]) -> Pixels:
    """Deeper integers, or floats, to uint8: the range of 8 or 16 bits, or else the values' own."""
    if deep.dtype.kind == "f":
        deep = np.nan_to_num(deep, posinf=0, neginf=0)
    deep = deep.clip(0)
    top = float(deep.max(initial=0))
    if deep.dtype.kind != "f" and 255 < top <= 65535:
        return (deep >> 8).astype(np.uint8)
    return (deep * (255 / max(top, 255.0))).astype(np.uint8)


def shrink(array: Pixels) -> tuple[Pixels, float]:
    """The array at no more than `LARGEST_SIDE`, and how many of its pixels each has become."""
    longest = max(array.shape[:2])
    if longest <= LARGEST_SIDE:
        return array, 1.0
    scale = LARGEST_SIDE / longest
    height, width = (max(1, round(side * scale)) for side in array.shape[:2])
    return cv2.resize(array, (width, height), interpolation=cv2.INTER_AREA), 1 / scale
