"""Reads files of drawings from untrusted senders: one drawing at a time, within limits."""

from __future__ import annotations

import gzip
import hashlib
import io
import secrets
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Annotated, Any, BinaryIO, NamedTuple

import msgspec
import numpy as np
from msgspec import Meta
from PIL import Image

from trainer.recognition import image
from trainer.recognition.image import Picture, PictureError, decode
from trainer.recognition.strokes import draw_labeled
from webapp import archives
from webapp.archives import BadArchive, TooManyEntries, printable, unpacked
from webapp.schemas import MAX_POINTS, NOT_A_DIGIT, Truth
from webapp.storage.exports import ROW_SEPARATOR

MAX_DRAWINGS = 100_000
MAX_BYTES = 1 << 30
"""Limits of one import: number of drawings, and size uncompressed."""

MAX_LINE_BYTES = 4 << 20
"""Longest line with a drawing's strokes: `MAX_POINTS` with all their decimals fit in it."""

_GZIP = b"\x1f\x8b"

Coordinate = Annotated[float, Meta(ge=-1e6, le=1e6)]


class BadImport(ValueError):
    """A file that cannot be imported; the message says where it is wrong."""


class _Line(msgspec.Struct):
    """A stroke record, in the format of the trainer's `strokes/*.jsonl.gz`."""

    label: Truth
    strokes: list[list[Annotated[list[Coordinate], Meta(min_length=2, max_length=8)]]]
    writer: str


class Imported(NamedTuple):
    """A drawing from a file, with its label and the visitor id to store it under."""

    label: str
    visitor: str
    picture: Picture
    strokes: list[Any] | None
    held_back: bool | None
    """The side that the file states; None: that of the visitor as an origin."""
    share: float
    """How much of the file has been read with it, 0..1."""


def read_drawings(file: BinaryIO) -> Iterator[Imported]:
    """Read a seekable file: a ZIP archive of pictures, or stroke records. Raises `BadImport`."""
    file.seek(0)
    is_archive = file.read(len(archives.MAGIC)) == archives.MAGIC
    return _read_pictures(file) if is_archive else _read_strokes(file)


def _read_pictures(file: BinaryIO) -> Iterator[Imported]:
    """Read an archive as `webapp.storage.exports` writes it."""
    visitors = {held_back: secrets.token_hex(16) for held_back in (False, True)}
    try:
        archive = archives.opened(file, MAX_DRAWINGS)
    except TooManyEntries:
        raise _too_many() from None
    except BadArchive as error:
        raise BadImport(str(error)) from error
    entries = [info for info in archive.infolist() if not info.is_dir()]
    if len(entries) > MAX_DRAWINGS:
        raise _too_many()
    if sum(info.file_size for info in entries) > MAX_BYTES:
        raise _too_large()
    if len({info.filename for info in entries}) < len(entries):
        raise BadImport(f"entry {_repeated(entries)}: there are two of that name")
    for number, info in enumerate(entries, 1):
        path = PurePosixPath(info.filename)
        try:
            label = msgspec.convert(path.parent.name.replace(ROW_SEPARATOR, "\n"), Truth)
            picture = decode(unpacked(archive, info, image.MAX_BYTES))
        except msgspec.ValidationError:
            raise BadImport(
                f"entry {printable(info.filename)}: its folder is neither 0 to 9 nor a number nor "
                f"{NOT_A_DIGIT}"
            ) from None
        except (BadArchive, PictureError) as error:
            raise BadImport(f"entry {printable(info.filename)}: {error}") from error
        held_back = "test" in path.parts
        yield Imported(label, visitors[held_back], picture, None, held_back, number / len(entries))


def _read_strokes(file: BinaryIO) -> Iterator[Imported]:
    """Read stroke records, compressed by gzip or not."""
    size = max(file.seek(0, io.SEEK_END), 1)
    file.seek(0)
    is_packed = file.read(len(_GZIP)) == _GZIP
    file.seek(0)
    for number, line in enumerate(_lines(gzip.GzipFile(fileobj=file) if is_packed else file), 1):
        if number > MAX_DRAWINGS:
            raise _too_many()
        label, visitor, strokes = _record(line, f"line {number}")
        drawn = [np.array([point[:2] for point in each], np.float64) for each in strokes]
        picture = Picture(Image.fromarray(draw_labeled(drawn, label)), 1.0)
        yield Imported(label, visitor, picture, strokes, None, file.tell() / size)


def _lines(file: BinaryIO | gzip.GzipFile) -> Iterator[bytes]:
    number = read = 0
    while True:
        number += 1
        try:
            line = file.readline(MAX_LINE_BYTES + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise BadImport(f"line {number}: the file is damaged: {error}") from error
        if not line:
            return
        if len(line) > MAX_LINE_BYTES:
            raise BadImport(f"line {number}: it is longer than {MAX_LINE_BYTES >> 20} MB")
        read += len(line)
        if read > MAX_BYTES:
            raise _too_large()
        yield line


def _record(line: bytes, where: str) -> tuple[str, str, list[list[list[float]]]]:
    """The label, the visitor and the strokes in a line."""
    try:
        record = msgspec.json.decode(line, type=_Line)
    except UnicodeDecodeError:
        raise BadImport(f"{where}: it is not UTF-8") from None
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadImport(f"{where}: {error}") from error
    strokes = [each for each in record.strokes if each]
    if not strokes:
        raise BadImport(f"{where}: there are no strokes")
    if sum(map(len, strokes)) > MAX_POINTS:
        raise BadImport(f"{where}: the strokes have more than {MAX_POINTS:,} points")
    return record.label, hashlib.sha256(record.writer.encode()).hexdigest()[:32], strokes


def _repeated(entries: list[zipfile.ZipInfo]) -> str:
    names: set[str] = set()
    for info in entries:
        if info.filename in names:
            return printable(info.filename)
        names.add(info.filename)
    raise AssertionError


def _too_many() -> BadImport:
    return BadImport(f"more than {MAX_DRAWINGS:,} drawings; import them as several files")


def _too_large() -> BadImport:
    return BadImport(f"more than {MAX_BYTES >> 30} GB uncompressed; import it as several files")
