"""The pictures that a form holds, as files or in ZIP archives, bounded before any is read."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from http import HTTPStatus
from io import SEEK_END, SEEK_SET, RawIOBase
from typing import IO, Any, BinaryIO, NamedTuple, cast

from flask import Request
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser

from trainer.recognition import image
from webapp import archives
from webapp.archives import BadArchive, TooManyEntries
from webapp.http.errors import Problem
from webapp.http.images import options_in
from webapp.schemas import PredictRequest

MAX_PICTURES = 1_000
MAX_BYTES = 64 << 20
"""Limits of one request: number of pictures, and size of the body."""

_MAX_UNPACKED = 256 << 20  # bytes of all entries of archives together
_MAX_ENTRIES = 10_000  # of all archives, with folders and what is skipped
_MAX_OPTIONS = 10  # fields beside the pictures
_MAX_OPTION_BYTES = 500_000  # Werkzeug counts the chunks of files that it searches as well
_ARCHIVES = (b"PK\3\4", b"PK\5\6")  # the latter begins an empty archive
_SKIPPED = {"__MACOSX", "Thumbs.db", "desktop.ini"}  # what systems add to folders


class Source(NamedTuple):
    """A picture file that was sent, which is not read yet."""

    name: str
    read: Callable[[], bytes]
    """The content, at most one byte more than `image.MAX_BYTES`. Raises `Problem`."""


def sources_in(request: Request) -> tuple[list[Source], PredictRequest]:
    """The files in the field `image` of a form in their order, and the options of the form.

    The pictures in an archive stand in its place; an archive that cannot be read is a source whose
    content raises the problem. The files are on the disk until nothing refers to the sources.
    Raises `Problem`, `RequestEntityTooLarge`.
    """
    if request.mimetype != "multipart/form-data":
        raise Problem(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", "Send multipart/form-data"
        )
    spool = cast(BinaryIO, tempfile.TemporaryFile())  # noqa: SIM115 - the sources refer to it
    parser = FormDataParser(
        stream_factory=lambda *_, **__: cast(IO[bytes], _Part(spool)),
        max_form_memory_size=_MAX_OPTION_BYTES,
        max_form_parts=MAX_PICTURES + _MAX_OPTIONS,
    )
    size = request.content_length or 0
    try:
        _, fields, files = parser.parse(
            request.stream, request.mimetype, size, request.mimetype_params
        )
    except RequestEntityTooLarge:
        if size > MAX_BYTES:
            raise
        raise _too_many() from None  # parts, without making an object of each
    sent = files.getlist("image")
    if not sent:
        raise Problem(
            HTTPStatus.BAD_REQUEST, "invalid_request", "The form has no file in the field `image`"
        )
    found = list(_expanded(sent))
    if len(found) > MAX_PICTURES:
        raise _too_many()
    return found, options_in(fields)


def _expanded(sent: list[FileStorage]) -> Iterator[Source]:
    room, entries_left = _MAX_UNPACKED, _MAX_ENTRIES
    for file in sent:
        name = archives.printable((file.filename or "").replace("\\", "/").rpartition("/")[2])
        start = file.stream.read(4)
        if start not in _ARCHIVES:
            yield Source(name, partial(_content, file.stream))
            continue
        try:
            archive = archives.opened(cast(BinaryIO, file.stream), entries_left)
        except TooManyEntries:
            raise _too_many() from None
        except BadArchive as error:
            yield Source(name, partial(_refuse, str(error)))
            continue
        entries_left -= len(archive.infolist())
        entries = [info for info in archive.infolist() if _is_meant(info)]
        room -= sum(info.file_size for info in entries)
        if len(entries) > MAX_PICTURES:
            raise _too_many()
        if room < 0:
            raise Problem(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                "too_large",
                f"The archives hold more than {_MAX_UNPACKED >> 20} MB; send them in parts",
            )
        if not entries:
            yield Source(name, partial(_refuse, "there is no file in the archive"))
        for info in entries:
            yield Source(archives.name_of(info) or name, partial(_unpacked, archive, info))


def _is_meant(info: zipfile.ZipInfo) -> bool:
    """Whether an entry is a file that a person put into the archive."""
    parts = archives.name_of(info).split("/")
    return not info.is_dir() and not any(p in _SKIPPED or p.startswith(".") for p in parts)


def _content(stream: IO[bytes]) -> bytes:
    stream.seek(0)
    return stream.read(image.MAX_BYTES + 1)


def _unpacked(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    if info.file_size > image.MAX_BYTES:
        detail = f"the picture is larger than {image.MAX_BYTES >> 20} MB"
        raise Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", detail)
    try:
        return archives.unpacked(archive, info, image.MAX_BYTES)
    except BadArchive as error:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "broken_picture", str(error)) from error


def _refuse(detail: str) -> bytes:
    raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "bad_archive", detail)


def _too_many() -> Problem:
    return Problem(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "too_many_pictures",
        f"More than {MAX_PICTURES:,} pictures; send them in parts",
    )


class _Part(RawIOBase):
    """A part of a form, written to the end of a file that all parts share, then read from there.

    A file of its own for each would be a thousand open files.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._start = file.seek(0, SEEK_END)
        self._size = 0
        self._at = 0

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        """Append bytes; only the newest part may be written to."""
        self._file.write(data)
        self._size += len(data)
        self._at = self._size
        return len(data)

    def seek(self, offset: int, whence: int = SEEK_SET) -> int:
        origin = {SEEK_SET: 0, SEEK_END: self._size}.get(whence, self._at)
        self._at = max(0, origin + offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        left = max(0, self._size - self._at)
        self._file.seek(self._start + self._at)
        content = self._file.read(left if size is None or size < 0 else min(size, left))
        self._at += len(content)
        return content
