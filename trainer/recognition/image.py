"""From the bytes of a picture file to a picture, whoever sent them; and back, for a page."""

from __future__ import annotations

import base64
import io
import re
import warnings
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image, ImageOps

from trainer.recognition.preprocess import Pixels

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")
MAX_BYTES = 10 * 1024 * 1024
MAX_PIXELS = 25_000_000
ENOUGH = 800  # pixels of the longer side, where a format lets us choose

_SIGNATURE = re.compile(rb"\x89PNG|\xff\xd8\xff|RIFF....WEBP|GIF8|BM", re.DOTALL)


class PictureError(ValueError):
    """A picture that cannot be read; the message says why."""


class UnsupportedPicture(PictureError):
    """None of the formats that we read."""


class PictureTooLarge(PictureError):
    """More bytes or pixels than we decode."""


class BrokenPicture(PictureError):
    """The file is of a format that we read, but is damaged or holds no pixels."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded picture, upright. One of its pixels is `scale` pixels wide in the file."""

    image: Image.Image
    scale: float


def decode(content: bytes) -> Picture:
    """Decode the first frame of a PNG, JPEG, WebP, GIF or BMP, told by content.

    Size is judged by the header before anything is decoded. A large JPEG is decoded at a half, a
    quarter or an eighth of its size, which its format makes quick. Raises a `PictureError`.
    """
    if len(content) > MAX_BYTES:
        raise PictureTooLarge(f"the file is larger than {MAX_BYTES // 1024**2} MB")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of large pictures; the limit below is ours
        try:
            image = Image.open(io.BytesIO(content), formats=FORMATS)
        except Image.DecompressionBombError:
            raise _too_many_pixels() from None
        except Exception as error:  # decoders of hostile bytes raise whatever they like
            if _SIGNATURE.match(content):
                raise _damaged() from error
            raise UnsupportedPicture("not a PNG, JPEG, WebP, GIF or BMP picture") from error
        if image.width * image.height > MAX_PIXELS:
            raise _too_many_pixels()
        if not (image.width and image.height):
            raise BrokenPicture("the picture has no pixels")
        width = image.width
        try:
            shrink = max(image.size) // ENOUGH
            if shrink > 1:
                image.draft(None, (image.width // shrink, image.height // shrink))
            image.load()
            return Picture(ImageOps.exif_transpose(image), width / image.width)
        except Exception as error:
            raise _damaged() from error


def as_data_url(pixels: Pixels) -> str:
    """A picture, uint8 grey, RGB or RGBA, as the data URL of a PNG."""
    return "data:image/png;base64," + base64.b64encode(as_png(pixels)).decode()


def as_png(pixels: Pixels) -> bytes:
    """A picture, uint8 grey, RGB or RGBA, as a PNG file."""
    if pixels.ndim == 3:
        code = cv2.COLOR_RGBA2BGRA if pixels.shape[2] == 4 else cv2.COLOR_RGB2BGR
        pixels = np.asarray(cv2.cvtColor(pixels, code))
    return cv2.imencode(".png", pixels)[1].tobytes()


def _damaged() -> BrokenPicture:
    return BrokenPicture("the picture is damaged or incomplete")


def _too_many_pixels() -> PictureTooLarge:
    return PictureTooLarge(f"the picture has more than {MAX_PIXELS // 1_000_000} million pixels")
