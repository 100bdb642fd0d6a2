"""Pictures that lack their end: what is there of a JPEG whose file was cut."""

from __future__ import annotations

from math import ceil

import cv2
import numpy as np
from PIL import Image

_END_OF_IMAGE = b"\xff\xd9"
_UNKNOWN = (127, 128)  # decoders fill what is missing with medium gray, which CMYK files invert
_RIGHT_END = 8  # pixels
_BLOCK = 16  # pixels of the side of the largest block

_THUMBNAIL = 96  # pixels of a row in which ink is looked for
_WINDOW = 43  # of these: ink covers less than half of them
_MIN_CONTRAST = 24  # of 255: less is noise


def ended(content: bytes, cut_at: int) -> bytes:
    """The file with an end, so that it can be decoded up to where it is cut."""
    return content[:cut_at] + _END_OF_IMAGE


def fill_missing(image: Image.Image, scale: float) -> tuple[float, bool]:
    """Continue the last row that is there over the rows that are missing, in place.

    `image` is decoded, at 1/`scale` of its size. Returns the share of rows that are there, 0..1,
    and whether something is drawn across the last of them, so that part of it is missing.
    """
    there = _rows_there(image)
    if there == image.height:
        return 1.0, False
    if not there:
        return 0.0, False
    _fill_last_block(image, there, ceil(_BLOCK / scale))
    last = image.crop((0, there - 1, image.width, there))
    image.paste(last.resize((image.width, image.height - there)), (0, there))
    return there / image.height, _has_ink(last)


def _fill_last_block(image: Image.Image, there: int, block: int) -> None:
    """Continue the rows over the last block, which is noise if the file ends within it."""
    top, left = max(0, there - block), image.width - block
    if left > 0:
        beside = image.crop((left - 1, top, left, there))
        image.paste(beside.resize((block, there - top)), (left, top))


def _rows_there(image: Image.Image) -> int:
    """The number of rows down to the last whose right end was decoded."""
    end = image.crop((max(0, image.width - _RIGHT_END), 0, image.width, image.height))
    pixels = np.asarray(end).reshape(image.height, -1)
    missing = np.isin(pixels, _UNKNOWN).all(axis=1) & (np.ptp(pixels, axis=1) == 0)
    return image.height - int(np.argmin(missing[::-1])) if not missing.all() else 0


def _has_ink(row: Image.Image) -> bool:
    """Whether some of a row, [1, width], differs from what is around it, which light does not."""
    small = np.asarray(row.convert("RGB").resize((_THUMBNAIL, 1), Image.Resampling.BOX))
    return any(
        int(cv2.absdiff(band, cv2.medianBlur(band, _WINDOW)).max()) >= _MIN_CONTRAST
        for band in cv2.split(small)
    )
