"""Decodes image files from untrusted senders, and encodes images as PNG files and data URLs."""

from __future__ import annotations

import base64
import io
import re
import warnings
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image, ImageOps

from trainer.recognition.array_types import Pixels
from trainer.recognition.file_structure import is_too_complex

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")
"""The formats that are accepted, by Pillow's names."""

MAX_BYTES = 10 * 1024 * 1024
"""Largest accepted file."""

MAX_PIXELS = 25_000_000
"""Largest accepted width × height, checked before decoding."""

_SUFFICIENT_SIDE = 800  # pixels of the longer side down to which JPEG is decoded at reduced size

_PNG_PREFIX = "data:image/png;base64,"
_SIGNATURE = re.compile(rb"\x89PNG|\xff\xd8\xff|RIFF....WEBP|GIF8|BM", re.DOTALL)


class PictureError(ValueError):
    """An image file that cannot be read; the message, for the user, says why."""


class UnsupportedPicture(PictureError):
    """The file has none of the accepted `FORMATS`."""


class PictureTooLarge(PictureError):
    """The file exceeds `MAX_BYTES` or `MAX_PIXELS`."""


class BrokenPicture(PictureError):
    """The file has an accepted format, but is damaged or contains no pixels."""


class PictureTooComplex(PictureError):
    """Decoding the file would take far more work than usual."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded image with its EXIF orientation applied."""

    image: Image.Image
    scale: float
    """Width of one pixel of `image` in pixels of the file: above 1 if decoded at reduced size."""


def decode(content: bytes) -> Picture:
    """Decode the first frame of a PNG, JPEG, WebP, GIF or BMP file, recognized by its content.

    The size is checked against the header before decoding, and so is the structure of the file. A
    large JPEG is decoded at 1/2, 1/4 or 1/8 of its size, which the format makes fast. Raises a
    subclass of `PictureError`.
    """
    if len(content) > MAX_BYTES:
        raise PictureTooLarge(f"the file is larger than {MAX_BYTES // 1024**2} MB")
    if is_too_complex(content):
        raise PictureTooComplex("the picture's file has too many parts")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns about large images; MAX_PIXELS is our limit
        try:
            image = Image.open(io.BytesIO(content), formats=FORMATS)
        except Image.DecompressionBombError:
            raise _too_many_pixels() from None
        except Exception as error:  # decoders raise all kinds of exceptions on malformed input
            if _SIGNATURE.match(content):
                raise _damaged() from error
            raise UnsupportedPicture("not a PNG, JPEG, WebP, GIF or BMP picture") from error
        if image.width * image.height > MAX_PIXELS:
            raise _too_many_pixels()
        if not (image.width and image.height):
            raise BrokenPicture("the picture has no pixels")
        width = image.width
        try:
            shrink = max(image.size) // _SUFFICIENT_SIDE
            if shrink > 1:
                image.draft(None, (image.width // shrink, image.height // shrink))
            image.load()
            scale = width / image.width
            ImageOps.exif_transpose(image, in_place=True)  # the other way copies every picture
            return Picture(image, scale)
        except Exception as error:
            raise _damaged() from error


def as_data_url(pixels: Pixels) -> str:
    """Encode an image, uint8 gray, RGB or RGBA, as a PNG data URL."""
    return png_data_url(as_png(pixels))


def png_data_url(png: bytes) -> str:
    """A PNG file as a data URL."""
    return _PNG_PREFIX + base64.b64encode(png).decode()


def png_of_data_url(url: str) -> bytes:
    """The inverse of `png_data_url`; raises `ValueError` for any other text."""
    if not url.startswith(_PNG_PREFIX):
        raise ValueError("not a data URL of a PNG file in base64")
    return base64.b64decode(url.removeprefix(_PNG_PREFIX), validate=True)


def as_png(pixels: Pixels) -> bytes:
    """Encode an image, uint8 gray, RGB or RGBA, as a PNG file."""
    if pixels.ndim == 3:
        code = cv2.COLOR_RGBA2BGRA if pixels.shape[2] == 4 else cv2.COLOR_RGB2BGR
        pixels = np.asarray(cv2.cvtColor(pixels, code))
    return cv2.imencode(".png", pixels)[1].tobytes()


def _damaged() -> BrokenPicture:
    return BrokenPicture("the picture is damaged or incomplete")


def _too_many_pixels() -> PictureTooLarge:
    return PictureTooLarge(f"the picture has more than {MAX_PIXELS // 1_000_000} million pixels")
