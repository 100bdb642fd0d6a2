"""The tutorials' way from a picture to 28×28 pixels, to compare `preprocess` with.

The whole picture is scaled, wherever the digit stands in it and however small it is.
"""

from __future__ import annotations

import cv2
import numpy as np

from trainer.recognition.array_types import Pixels
from trainer.recognition.preprocess import SIDE


def scale_down(picture: Pixels, invert: bool | None = None) -> Pixels:
    """Convert an image as tutorials do: gray, 28×28, and inverted.

    Takes uint8 gray, RGB or RGBA; returns uint8 [28, 28]. `invert` is whether light and dark are
    exchanged; by default, if the paper is light.
    """
    if picture.ndim == 3 and picture.shape[2] == 4:
        opacity = picture[:, :, 3:] / np.float32(255)
        picture = (picture[:, :, :3] * opacity + 255 * (1 - opacity)).astype(np.uint8)
    gray = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) if picture.ndim == 3 else picture
    small = cv2.resize(gray, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    is_light = small.mean() > 127
    return np.asarray(255 - small if (is_light if invert is None else invert) else small)
