"""Exports and imports drawings as files.

Strokes as JSON lines, or images as a ZIP archive with one folder per class. For the trainer also
`drawings.jsonl.gz`, which `trainer.data.datasets.corrections` reads.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import secrets
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, BinaryIO, NamedTuple

import msgspec
import numpy as np
from msgspec import Meta
from PIL import Image

from trainer.recognition.image import Picture, PictureError, decode
from trainer.recognition.strokes import draw_plain
from webapp.schemas import NOT_A_DIGIT, Truth
from webapp.storage.drawings import is_held_back
from webapp.storage.tables import Drawing

SOURCE = "inkling"
MAX_FILES = 100_000
MAX_BYTES = 1 << 30
"""Limits of an imported archive: number of files, and their size uncompressed."""

CORRECTIONS_FILE = "drawings.jsonl.gz"


class BadImport(ValueError):
    """A file that cannot be imported; the message says where it is wrong."""


class _Line(msgspec.Struct):
    """A stroke record, in the format of the trainer's `strokes/*.jsonl.gz`."""

    label: Truth
    strokes: list[list[Annotated[list[float], Meta(min_length=2)]]]
    writer: str


class Imported(NamedTuple):
    """A drawing from a file, with its label and the visitor id to store it under."""

    label: str
    visitor: str
    picture: Picture
    strokes: list[Any] | None


def write_strokes(file: BinaryIO, drawings: Iterable[Drawing]) -> None:
    """Write the drawings that have strokes, in the format of the trainer's `strokes/*.jsonl.gz`."""
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
    """Write a ZIP archive of PNG files: SPLIT/LABEL/ID.png.

    Extracted, it is a folder for `trainer --data folder:`. Drawings that are held back are in
    `test`, the others in `train`.
    """
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:  # PNG is compressed already
        for drawing in drawings:
            part = "test" if drawing.held_back else "train"
            archive.writestr(f"{part}/{drawing.label}/{drawing.id}.png", drawing.picture)


def write_corrections(folder: Path, drawings: Iterable[Drawing]) -> bool:
    """Write FOLDER/drawings.jsonl.gz for the trainer's data set `corrections`.

    One JSON object per line: {"label": "7" or "not_a_digit", "picture": base64 of a PNG file,
    "strokes": [[[x, y, …], …], …] or null, "held_back": true or false}. Without any drawing no file
    is written. Returns whether there are drawings to learn from, that is, not held back.
    """
    learnable = False
    lines = None
    try:
        for drawing in drawings:
            if lines is None:
                folder.mkdir(parents=True, exist_ok=True)
                lines = gzip.GzipFile(folder / CORRECTIONS_FILE, "wb", mtime=0)
            record = {
                "label": drawing.label,
                "picture": drawing.picture,
                "strokes": drawing.strokes,
                "held_back": drawing.held_back,
            }
            lines.write(msgspec.json.encode(record) + b"\n")
            learnable |= not drawing.held_back
    finally:
        if lines is not None:
            lines.close()
    return learnable


def read_pictures(content: bytes) -> Iterator[Imported]:
    """Read an archive as `write_pictures` writes it. Raises `BadImport`."""
    visitors = {held_back: _visitor(held_back) for held_back in (False, True)}
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            files = [info for info in archive.infolist() if not info.is_dir()]
            if len(files) > MAX_FILES or sum(info.file_size for info in files) > MAX_BYTES:
                raise BadImport("the archive is too large to import at once")
            for info in files:
                path = PurePosixPath(info.filename)
                try:
                    label = msgspec.convert(path.parent.name, Truth)
                    picture = decode(archive.read(info))
                except msgspec.ValidationError:
                    problem = f"its folder is neither 0 to 9 nor {NOT_A_DIGIT}"
                    raise BadImport(f"{path}: {problem}") from None
                except PictureError as error:
                    raise BadImport(f"{path}: {error}") from error
                yield Imported(label, visitors["test" in path.parts], picture, None)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise BadImport(f"not a ZIP archive, or a damaged one: {error}") from error


def read_strokes(content: bytes) -> Iterator[Imported]:
    """Read stroke records, compressed by gzip or not. Raises `BadImport`."""
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
    """A new random visitor whose drawings are held back, or are not."""
    while True:
        visitor = secrets.token_hex(16)
        if is_held_back(visitor) == held_back:
            return visitor
