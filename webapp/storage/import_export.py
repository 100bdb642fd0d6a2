"""Kept drawings as files, out and in: strokes as JSON lines, pictures in one folder per class."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import secrets
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import Annotated, Any, BinaryIO, NamedTuple

import msgspec
import numpy as np
from msgspec import Meta
from PIL import Image

from trainer.recognition.image import Picture, PictureError, decode
from trainer.recognition.strokes import draw_plain
from webapp.schemas import Truth
from webapp.storage.drawings import is_held_back
from webapp.storage.tables import Drawing

SOURCE = "inkling"
MOST_FILES = 100_000
MOST_BYTES = 1 << 30
"""Of all that an archive holds, unpacked."""


class BadImport(ValueError):
    """What a file has that cannot be read; the message says where."""


class _Line(msgspec.Struct):
    """A record of strokes, as the trainer's files have them."""

    label: Truth
    strokes: list[list[Annotated[list[float], Meta(min_length=2)]]]
    writer: str


class Imported(NamedTuple):
    """A drawing that came in a file, with its truth and who drew it."""

    label: str
    visitor: str
    picture: Picture
    strokes: list[Any] | None


def write_strokes(file: BinaryIO, drawings: Iterable[Drawing]) -> None:
    """The drawings that have strokes, as the trainer's `strokes/*.jsonl.gz`."""
    with gzip.GzipFile(fileobj=file, mode="wb", mtime=0) as lines:
        for drawing in drawings:
            if drawing.strokes:
                record = {
                    "label": drawing.label,
                    "strokes": [[point[:2] for point in line] for line in drawing.strokes],
                    "writer": f"{SOURCE}/{drawing.visitor}",
                    "source": SOURCE,
                }
                lines.write(json.dumps(record, separators=(",", ":")).encode() + b"\n")


def write_pictures(file: BinaryIO, drawings: Iterable[Drawing]) -> None:
    """All of them as PNG files in a ZIP archive, in one folder for each class.

    Unpacked it is what `trainer --data folder:` reads. What is held back stands in `test`.
    """
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:  # PNG is packed already
        for drawing in drawings:
            part = "test" if drawing.held_back else "train"
            archive.writestr(f"{part}/{drawing.label}/{drawing.id}.png", drawing.picture)


def read_pictures(content: bytes) -> Iterator[Imported]:
    """The pictures of such an archive. Raises `BadImport`."""
    visitors = {held_back: _visitor(held_back) for held_back in (False, True)}
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            files = [info for info in archive.infolist() if not info.is_dir()]
            if len(files) > MOST_FILES or sum(info.file_size for info in files) > MOST_BYTES:
                raise BadImport("the archive holds more than can be taken at once")
            for info in files:
                path = PurePosixPath(info.filename)
                try:
                    label = msgspec.convert(path.parent.name, Truth)
                    picture = decode(archive.read(info))
                except msgspec.ValidationError:
                    problem = "its folder is neither 0 to 9 nor not_a_digit"
                    raise BadImport(f"{path}: {problem}") from None
                except PictureError as error:
                    raise BadImport(f"{path}: {error}") from error
                yield Imported(label, visitors["test" in path.parts], picture, None)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise BadImport(f"this is no ZIP archive, or a damaged one: {error}") from error


def read_strokes(content: bytes) -> Iterator[Imported]:
    """The drawings of a file of strokes, packed by gzip or not. Raises `BadImport`."""
    try:
        text = gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content
    except (OSError, EOFError, zlib.error) as error:
        raise BadImport(f"the file is damaged: {error}") from error
    for number, line in enumerate(text.splitlines(), 1):
        try:
            record = msgspec.json.decode(line, type=_Line)
        except msgspec.DecodeError as error:
            raise BadImport(f"line {number}: {error}") from error
        strokes = [np.array(each, np.float64)[:, :2] for each in record.strokes if each]
        if not strokes:
            raise BadImport(f"line {number}: there are no strokes")
        visitor = hashlib.sha256(record.writer.encode()).hexdigest()[:32]
        picture = Picture(Image.fromarray(draw_plain(strokes)), 1.0)
        yield Imported(record.label, visitor, picture, record.strokes)


def _visitor(held_back: bool) -> str:
    """A new visitor on this side."""
    while True:
        visitor = secrets.token_hex(16)
        if is_held_back(visitor) == held_back:
            return visitor
