"""Decodes uploaded images: JSON bodies with a data URL, and forms with a file."""

from __future__ import annotations

import base64
import binascii
import re
from http import HTTPStatus
from typing import NoReturn, TypeVar

import msgspec
from flask import Request
from werkzeug.exceptions import RequestEntityTooLarge

from trainer.recognition.image import (
    BrokenPicture,
    Picture,
    PictureError,
    PictureTooLarge,
    UnsupportedPicture,
    decode,
)
from webapp.http.errors import Problem
from webapp.schemas import PredictRequest

B = TypeVar("B", bound=msgspec.Struct)

_DATA_URL = re.compile(r"data:[a-z]+/[a-z0-9.+-]+;base64,", re.ASCII | re.IGNORECASE)
_LONGEST_PREFIX = 100  # characters; the search must not scan megabytes

_STATUS = {
    UnsupportedPicture: (HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported_picture"),
    PictureTooLarge: (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large"),
    BrokenPicture: (HTTPStatus.UNPROCESSABLE_ENTITY, "broken_picture"),
}


def picture_in_json(request: Request) -> tuple[Picture, PredictRequest]:
    """The picture and the options in a JSON body. Raises `Problem`, `RequestEntityTooLarge`."""
    options = json_body(request, PredictRequest)
    return picture_in_data_url(options.image), options


def json_body(request: Request, kind: type[B]) -> B:
    """A JSON body, validated against `kind`. Raises `Problem`, `RequestEntityTooLarge`."""
    _limit_chunked_body(request)
    try:
        return msgspec.json.decode(request.get_data(), type=kind)
    except msgspec.ValidationError as error:
        _refuse("invalid_request", str(error))
    except msgspec.DecodeError as error:
        _refuse("not_json", f"The body is not JSON: {error}")
    except UnicodeDecodeError:
        _refuse("not_json", "The body is not JSON: it is not UTF-8")


def picture_in_data_url(url: str) -> Picture:
    """Decode a picture in a data URL. Raises `Problem`."""
    return read_picture(_from_data_url(url))


def picture_in_form(request: Request) -> tuple[Picture, PredictRequest]:
    """The picture and the options in a form. Raises `Problem`, `RequestEntityTooLarge`."""
    _limit_chunked_body(request)
    file = request.files.get("image")
    if file is None:
        _refuse("invalid_request", "The form has no file in the field `image`")
    fields = {name: value for name, value in request.form.items() if value and name != "image"}
    try:
        options = msgspec.convert({"image": ""} | fields, PredictRequest)
    except msgspec.ValidationError as error:
        _refuse("invalid_request", str(error))
    return read_picture(file.read()), options


def read_picture(content: bytes) -> Picture:
    """Decode an uploaded picture file. Raises `Problem`."""
    try:
        return decode(content)
    except PictureError as error:
        status, code = _STATUS[type(error)]
        raise Problem(status, code, str(error)) from error


def _limit_chunked_body(request: Request) -> None:
    """Raise `RequestEntityTooLarge` for a chunked body that Werkzeug would silently truncate."""
    limit = request.max_content_length
    if request.content_length is None and limit and len(request.get_data(cache=True)) >= limit:
        raise RequestEntityTooLarge


def _from_data_url(url: str) -> bytes:
    prefix = _DATA_URL.match(url[:_LONGEST_PREFIX])
    if not prefix:
        _refuse("not_a_data_url", "`image` must start with data:image/…;base64,")
    try:
        return base64.b64decode(url[prefix.end() :], validate=True)
    except (binascii.Error, ValueError):
        _refuse("broken_base64", "`image` is not valid base64")


def _refuse(code: str, detail: str) -> NoReturn:
    raise Problem(HTTPStatus.BAD_REQUEST, code, detail)
