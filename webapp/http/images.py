"""Decodes uploaded images: JSON bodies with a data URL, forms with a file, and files as bodies."""

from __future__ import annotations

import base64
import binascii
import re
from functools import partial
from http import HTTPStatus
from math import prod
from typing import NamedTuple, NoReturn, TypeVar

import msgspec
import numpy as np
from flask import Request
from PIL import Image
from werkzeug.datastructures import MultiDict

from trainer.recognition.file_structure import examine
from trainer.recognition.image import (
    BrokenPicture,
    Picture,
    PictureError,
    PictureTooComplex,
    PictureTooLarge,
    UnsupportedPicture,
    decode,
)
from trainer.recognition.strokes import draw_cropped
from webapp.http.errors import Problem
from webapp.schemas import MAX_COORDINATE, MAX_POINTS, PredictRequest

B = TypeVar("B", bound=msgspec.Struct)

_DATA_URL = re.compile(
    r"data:[a-z]+/[a-z0-9.+-]+(;[a-z0-9-]+=[^;,]*)*;base64,", re.ASCII | re.IGNORECASE
)
_FROM_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_LINE_ENDS = b"\r\n\t "
_PNG_HEADER = re.compile(rb"\x89PNG\r\n\x1a\n....IHDR(....)(....)", re.DOTALL)
_DRAWING_PIXELS = 512 * 512
_DRAWING_METADATA = 4096  # bytes
_DIGIT_SIDE, _NUMBER_SIDE = 140, 560  # of what strokes are drawn on, in pixels, as on the page
_as_int = partial(int.from_bytes, byteorder="big")
_LONGEST_PREFIX = 200  # characters; the search must not scan megabytes

_MAX_LISTS = MAX_POINTS + 5_000  # in a JSON body: its points, in at most 1,000 lines

_STATUS = {
    UnsupportedPicture: (HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported_picture"),
    PictureTooComplex: (HTTPStatus.UNPROCESSABLE_ENTITY, "too_complex"),
    PictureTooLarge: (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large"),
    BrokenPicture: (HTTPStatus.UNPROCESSABLE_ENTITY, "broken_picture"),
}


class Upload(NamedTuple):
    """A picture file as it was sent, not yet decoded, and the options that came with it.

    The file is empty where strokes were sent instead.
    """

    content: bytes
    options: PredictRequest

    @property
    def is_drawing(self) -> bool:
        """Whether it is a PNG as canvases make them, which is decoded within a millisecond.

        It is small and has neither frames nor more than a color profile beside its pixels.
        """
        size = _PNG_HEADER.match(self.content)
        if size is None or prod(map(_as_int, size.groups())) > _DRAWING_PIXELS:
            return False
        structure = examine(self.content)
        return structure.frames == 1 and structure.metadata <= _DRAWING_METADATA

    def picture(self) -> Picture:
        """The picture in the file, or the one that the strokes draw. Raises `Problem`."""
        return _drawn(self.options) if self.options.image is None else read_picture(self.content)


def upload_in(request: Request) -> Upload:
    """The picture in a JSON body, in a form or as the body, whose options are in the query.

    Raises `Problem`, `RequestEntityTooLarge`.
    """
    match request.mimetype:
        case "application/json":
            options = json_body(request, PredictRequest)
            content = b"" if options.image is None else _from_data_url(options.image)
            return Upload(content, options)
        case "multipart/form-data":
            return upload_in_form(request)
        case kind if kind.startswith("image/"):
            return Upload(request.get_data(), options_in(request.args))
    raise Problem(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "unsupported_media_type",
        "Send application/json, multipart/form-data, or a picture file as image/png or the like",
    )


def json_body(request: Request, kind: type[B]) -> B:
    """A JSON body, validated against `kind`. Raises `Problem`, `RequestEntityTooLarge`."""
    body = request.get_data()
    if _has_more_lists(body, _MAX_LISTS):  # before millions of points become Python objects
        _refuse("invalid_request", f"at most {MAX_POINTS:,} points of strokes")
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        _refuse("invalid_request", str(error))
    except msgspec.DecodeError as error:
        _refuse("not_json", f"The body is not JSON: {error}")
    except UnicodeDecodeError:
        _refuse("not_json", "The body is not JSON: it is not UTF-8")


def _has_more_lists(body: bytes, limit: int) -> bool:
    """Whether more than `limit` lists begin in a JSON body: `find` skips pictures, `count` not."""
    at = -1
    for _ in range(limit + 1):
        at = body.find(b"[", at + 1)
        if at < 0:
            return False
    return True


def picture_in_data_url(url: str) -> Picture:
    """Decode a picture in a data URL. Raises `Problem`."""
    return read_picture(_from_data_url(url))


def upload_in_form(request: Request) -> Upload:
    """The picture in a form. Raises `Problem`, `RequestEntityTooLarge`."""
    file = request.files.get("image")
    if file is None:
        _refuse("invalid_request", "The form has no file in the field `image`")
    if sum(1 for _ in request.files.items(multi=True)) > 1:
        detail = "send each picture in its own request, or all of them to /api/v1/batch"
        _refuse("one_picture", f"The form has several files; {detail}")
    return Upload(file.read(), options_in(request.form))


def options_in(fields: MultiDict[str, str]) -> PredictRequest:
    """The options in the fields of a form or of a query. Raises `Problem`."""
    given = {name: value for name, value in fields.items() if value and name != "image"}
    try:
        return msgspec.convert({"image": ""} | given, PredictRequest)
    except msgspec.ValidationError as error:
        _refuse("invalid_request", str(error))


def read_picture(content: bytes) -> Picture:
    """Decode an uploaded picture file. Raises `Problem`."""
    try:
        return decode(content)
    except PictureError as error:
        status, code = _STATUS[type(error)]
        raise Problem(status, code, str(error)) from error


def _drawn(options: PredictRequest) -> Picture:
    """The picture that the strokes draw. Raises `Problem`."""
    lines = [np.array([point[:2] for point in line]) for line in options.strokes or [] if line]
    if not lines:
        _refuse("invalid_request", "Send `image`, or `strokes` with at least one point")
    if not np.abs(np.vstack(lines)).max() <= MAX_COORDINATE:
        _refuse("invalid_request", f"`strokes` has coordinates beyond {MAX_COORDINATE:,.0f}")
    is_digit = options.mode == "digit" or (options.mode == "auto" and len(lines) == 1)
    side = _DIGIT_SIDE if is_digit else _NUMBER_SIDE
    return Picture(Image.fromarray(draw_cropped(lines, side, options.pen)), 1.0)


def _from_data_url(url: str) -> bytes:
    prefix = _DATA_URL.match(url[:_LONGEST_PREFIX])
    if not prefix:
        _refuse("not_a_data_url", "`image` must start with data:image/…;base64,")
    try:
        return base64.b64decode(url[prefix.end() :], validate=True)
    except (binascii.Error, ValueError):
        return _from_loose_base64(url[prefix.end() :])


def _from_loose_base64(text: str) -> bytes:
    """Base64 wrapped in lines, without padding, or of the alphabet for URLs (RFC 4648)."""
    try:
        plain = text.encode("ascii").translate(_FROM_URL_SAFE, _LINE_ENDS).rstrip(b"=")
        return base64.b64decode(plain + b"=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        _refuse("broken_base64", "`image` is not valid base64")


def _refuse(code: str, detail: str) -> NoReturn:
    raise Problem(HTTPStatus.BAD_REQUEST, code, detail)
