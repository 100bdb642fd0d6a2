"""Exports drawings as files: strokes as JSON lines, images as a ZIP archive.

For the trainer also `drawings.jsonl.gz`, which `trainer.data.datasets.corrections` reads.
"""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from webapp.storage.tables import Drawing

SOURCE = "inkling"

CORRECTIONS_FILE = "drawings.jsonl.gz"

ROW_SEPARATOR = "-"
"""Between the rows of a number in the name of a folder."""

_CHUNK_BYTES = 64 << 10


def strokes_file(drawings: Iterable[Drawing]) -> Iterator[bytes]:
    """The drawings that have strokes, in the format of the trainer's `strokes/*.jsonl.gz`.

    Yields the file in chunks. If it ends early, the trailer of gzip is missing.
    """
    chunks = _Chunks()
    lines = gzip.GzipFile(fileobj=chunks, mode="wb", mtime=0)
    for drawing in drawings:
        if drawing.strokes:
            record = {
                "label": drawing.truth,
                "strokes": [[point[:2] for point in line] for line in drawing.strokes],
                "writer": f"{SOURCE}/{drawing.visitor}",
                "source": SOURCE,
            }
            lines.write(json.dumps(record, separators=(",", ":")).encode() + b"\n")
            yield from chunks.full()
    lines.close()
    yield chunks.rest()


def pictures_file(drawings: Iterable[Drawing]) -> Iterator[bytes]:
    """A ZIP archive of PNG files: SPLIT/LABEL/ID.png.

    Extracted, it is a folder for `trainer --data folder:`, which leaves out numbers: their folder
    has the rows joined by `-`. Drawings that are held back are in `test`, the others in `train`.
    Yields the file in chunks. If it ends early, the directory of the
    archive is missing.
    """
    chunks = _Chunks()
    archive = zipfile.ZipFile(chunks, "w", zipfile.ZIP_STORED)  # PNG is compressed already
    for drawing in drawings:
        part = "test" if drawing.held_back else "train"
        label = drawing.truth.replace("\n", ROW_SEPARATOR)
        archive.writestr(f"{part}/{label}/{drawing.id}.png", drawing.picture)
        yield from chunks.full()
    archive.close()
    yield chunks.rest()


class _Chunks(io.RawIOBase):
    """A file that can only be written to, whose content is taken away in chunks."""

    def __init__(self) -> None:
        self._content = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, content: Any, /) -> int:
        self._content += content
        return len(content)

    def full(self) -> Iterator[bytes]:
        """The content so far, once it is long enough to be sent."""
        if len(self._content) >= _CHUNK_BYTES:
            yield self.rest()

    def rest(self) -> bytes:
        content = bytes(self._content)
        self._content.clear()
        return content


def write_corrections(
    folder: Path, drawings: Iterable[Drawing], teaching: Collection[str] = ()
) -> bool:
    """Write FOLDER/drawings.jsonl.gz for the trainer's data set `corrections`.

    One JSON object per line: {"label": "7", "not_a_digit" or a number, "picture": base64 of a PNG
    file, "strokes": [[[x, y, …], …], …] or null, "held_back": true or false, "writer": "…"}.
    Without any drawing no file is written. `teaching` are origins that (also) teach: their drawings
    do not judge independently, and count as those of one writer. Returns whether there are drawings
    to learn from, that is, not held back.
    """
    (folder / CORRECTIONS_FILE).unlink(missing_ok=True)  # drawings in it may have been deleted
    learnable = False
    lines = None
    try:
        for drawing in drawings:
            if lines is None:
                folder.mkdir(parents=True, exist_ok=True)
                lines = gzip.GzipFile(folder / CORRECTIONS_FILE, "wb", mtime=0)
            origin = drawing.origin or drawing.visitor or ""
            record = {
                "label": drawing.truth,
                "picture": drawing.picture,
                "strokes": drawing.strokes,
                "held_back": drawing.held_back,
                "writer": "" if origin in teaching else origin,
            }
            lines.write(msgspec.json.encode(record) + b"\n")
            learnable |= not drawing.held_back
    finally:
        if lines is not None:
            lines.close()
    return learnable
