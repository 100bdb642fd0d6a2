"""The first layer of a small network as a picture: a unit's weight for each pixel."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from trainer.recognition.array_types import Pixels

COLUMNS = 8
"""Units in a row of the picture."""
_SHOWN = 0.4
"""The weight that is white, and of which the negative is black; 0 is gray."""


def as_sheet(layers: NDArray[np.float32]) -> Pixels:
    """Weights, float32 [frames, units, 784], as one picture, uint8: frames below each other.

    The number of units is a multiple of `COLUMNS`. A weight that is no finite number is gray.
    """
    frames, units = layers.shape[:2]
    shades = np.nan_to_num(128 + 127 * layers / _SHOWN, nan=128)
    pixels = np.clip(np.rint(shades), 1, 255).astype(np.uint8)
    tiles = pixels.reshape(frames, units // COLUMNS, COLUMNS, 28, 28)
    return tiles.transpose(0, 1, 3, 2, 4).reshape(frames * units // COLUMNS * 28, COLUMNS * 28)


def as_webp(layers: NDArray[np.float32]) -> bytes:
    """The sheet as WebP, of which a dozen frames fit into 25 kB."""
    file = BytesIO()
    Image.fromarray(as_sheet(layers)).save(file, "WEBP", quality=30, method=6)
    return file.getvalue()
