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

from trainer.recognition.animation import last_drawn_frame
from trainer.recognition.array_types import Pixels
from trainer.recognition.cut_picture import ended, fill_missing
from trainer.recognition.file_structure import examine
from trainer.recognition.isolated import Format, TooManyPixels, decode_isolated, reads

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
"""The formats that are accepted, by Pillow's names.

On Linux also AVIF, where Pillow has it, and HEIC, where `pillow-heif` is installed.
"""

MAX_BYTES = 10 * 1024 * 1024
"""Largest accepted file."""

MAX_PIXELS = 25_000_000
"""Largest accepted width × height, checked before decoding."""

MAX_JPEG_PIXELS = 110_000_000
"""The same for a JPEG, which is decoded at reduced size: that of a telephone's camera."""

_SUFFICIENT_SIDE = 800  # pixels of the longer side down to which JPEG is decoded at reduced size

# Of the rows of a picture that lacks its end: whether or not ink goes on where it is cut. Of the
# digits cut through at 85 to 95 % most are read, of those at 75 to 85 % half.
_SUFFICIENT_SHARE, _SUFFICIENT_SHARE_OF_INK = 0.75, 0.85

_NAMES = "PNG, JPEG, WebP, GIF, BMP or TIFF"
_JPEG = {"JPEG", "MPO"}  # MPO: several in one file, as some cameras write them; the first is read
_ANIMATED = {"PNG", "WEBP", "GIF"}
# Those without a limit to the work that a strip may take, such as JPEG in a TIFF, are left out.
_TIFF_COMPRESSIONS = {
    "raw", "tiff_ccitt", "group3", "group4", "tiff_lzw", "packbits",
    "tiff_adobe_deflate", "tiff_deflate",
}  # fmt: skip

_CALLED = {"AVIF": "AVIF", "HEIF": "HEIC"}

_PNG_PREFIX = "data:image/png;base64,"
_SIGNATURE = re.compile(rb"\x89PNG|\xff\xd8\xff|RIFF....WEBP|GIF8|BM|II\*\0|MM\0\*", re.DOTALL)
_HEIF_SIGNATURE = re.compile(rb"....ftyp(?:hei[cxms]|hev[cxms]|mif1|msf1)", re.DOTALL)
# Some writers name the brand of all such containers first, and AVIF's among the compatible ones.
_AVIF_SIGNATURE = re.compile(
    rb"....ftyp(?:avi[fs]|(?:mif1|msf1)....(?:....){0,15}?avi[fs])", re.DOTALL
)


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
    frames: int = 1
    """Number of frames of an animation that were decoded, at most."""


def decode(content: bytes) -> Picture:
    """Decode a picture file of one of the `FORMATS`, recognized by its content.

    The size is checked against the header before decoding, and so is the structure of the file. A
    large JPEG is decoded at 1/2, 1/4 or 1/8 of its size, which the format makes fast. Of an
    animation the last frame is taken that is not blank, of a TIFF or AVIF the first picture. A JPEG
    that lacks its end is read if most of it is there. Raises a subclass of `PictureError`.
    """
    if len(content) > MAX_BYTES:
        raise PictureTooLarge(
            f"the file is larger than {MAX_BYTES // 1024**2} MB; scale the picture down, or save "
            "it as a JPEG"
        )
    if _AVIF_SIGNATURE.match(content):
        return _isolated(content, "AVIF")
    if _HEIF_SIGNATURE.match(content):
        return _isolated(content, "HEIF")
    structure = examine(content)
    if structure.is_too_complex:
        raise PictureTooComplex(
            "the picture's file has too many parts, or takes too much memory; save it anew as a "
            "plain PNG or JPEG"
        )
    if structure.cut_at is not None:
        content = ended(content, structure.cut_at)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns about large images; the limits are ours
        image = _opened(content)
        width = image.width
        try:
            shrink = max(image.size) // _SUFFICIENT_SIDE
            if shrink > 1:
                image.draft(None, (image.width // shrink, image.height // shrink))
            if image.width * image.height > MAX_PIXELS:
                raise _too_many_pixels()
            if structure.frames > 1 and image.format in _ANIMATED:
                image = last_drawn_frame(image, structure.frames)
            image.load()
            scale = width / image.width
            if structure.cut_at is not None:
                _require_most(*fill_missing(image, scale))
            ImageOps.exif_transpose(image, in_place=True)  # the other way copies every picture
            return Picture(image, scale, structure.frames)
        except PictureError:
            raise
        except Exception as error:
            raise _damaged() from error


def _isolated(content: bytes, kind: Format) -> Picture:
    name = _CALLED[kind]
    if not reads(kind):
        raise UnsupportedPicture(f"{name} pictures are not read here; save it as JPEG")
    try:
        return Picture(*decode_isolated(content, kind, MAX_PIXELS, _SUFFICIENT_SIDE))
    except OSError as error:
        raise UnsupportedPicture(
            f"{name} pictures cannot be read here at the moment; save it as JPEG"
        ) from error
    except TooManyPixels:
        raise _too_many_pixels() from None
    except ValueError as error:
        raise BrokenPicture(
            "the picture is damaged, or takes too much memory or time to decode; save it as JPEG"
        ) from error


def _opened(content: bytes) -> Image.Image:
    """The file with its header read, within the limits of width and height."""
    try:
        image = Image.open(io.BytesIO(content), formats=FORMATS)
    except Image.DecompressionBombError:
        raise _too_many_pixels() from None
    except Exception as error:  # decoders raise all kinds of exceptions on malformed input
        if _SIGNATURE.match(content):
            raise _damaged() from error
        raise UnsupportedPicture(f"not a {_NAMES} picture; save it as one of these") from error
    limit = MAX_JPEG_PIXELS if image.format in _JPEG else MAX_PIXELS
    if image.width * image.height > limit:
        raise _too_many_pixels()
    if not (image.width and image.height):
        raise BrokenPicture("the picture has no pixels")
    if image.format == "TIFF" and image.info.get("compression") not in _TIFF_COMPRESSIONS:
        raise UnsupportedPicture("TIFF pictures of this compression are not read; save it as PNG")
    return image


def _require_most(share: float, is_cut_through: bool) -> None:
    """Refuse a cut picture of which too few rows are there, the more so if ink is cut through."""
    if share < (_SUFFICIENT_SHARE_OF_INK if is_cut_through else _SUFFICIENT_SHARE):
        raise BrokenPicture(f"only {100 * share:.0f} % of the picture is there; send it again")


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
    return BrokenPicture("the picture is damaged or incomplete; send another copy of it")


def _too_many_pixels() -> PictureTooLarge:
    return PictureTooLarge(
        f"the picture has more than {MAX_PIXELS // 1_000_000} million pixels, or as a JPEG more "
        f"than {MAX_JPEG_PIXELS // 1_000_000} million; scale it down"
    )
