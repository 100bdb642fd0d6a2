"""The manifest of a folder of labeled pictures: `manifest.jsonl` or `manifest.csv`.

Each row names a picture's file, relative to the folder, what is written on it (`truth`) and
optionally its `kind`, such as "whiteboard". As JSON, a row is an object; as CSV, the first line has
the names of the columns.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, BinaryIO

import msgspec

from trainer.errors import TrainerError
from trainer.recognition.labels import NOT_A_DIGIT_NAME

NAMES = ("manifest.jsonl", "manifest.csv")
"""Names of the file, the first that is there counts."""

MAX_ROWS = 1_000_000
"""Rows that are read at most."""

_MAX_LINE = 16_384  # bytes
_MAX_DIGITS = 100  # of a number
_BLOCK = 1 << 16  # bytes of a longer line that are skipped at once
_SEPARATORS = ",;\t"  # of CSV, as spreadsheets write it


@dataclass(frozen=True, slots=True)
class LabeledPicture:
    """A row of the manifest."""

    line: int
    """Its line, counted from 1."""
    name: str
    """The file as the manifest names it."""
    file: Path
    """The file, which lies in the folder."""
    truth: str
    """The digits, with a line feed between the rows of a number; or `NOT_A_DIGIT_NAME`."""
    kind: str

    @property
    def is_digit(self) -> bool:
        """Whether it shows one digit, rather than a number or something else."""
        return len(self.truth) == 1


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that is left out."""

    line: int
    reason: str
    """One line of printable characters."""

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}"


class _Row(msgspec.Struct):
    file: Annotated[str, msgspec.Meta(min_length=1, max_length=4096)]
    truth: str | int
    kind: Annotated[str, msgspec.Meta(max_length=60)] = ""


_Decode = Callable[[bytes], _Row]


def read_manifest(folder: Path) -> Iterator[LabeledPicture | BadRow]:
    """Yield the rows one by one, those that are invalid with the reason.

    Raises `TrainerError` if there is no manifest, or if a CSV file lacks a column.
    """
    manifest = next((folder / name for name in NAMES if (folder / name).is_file()), None)
    if manifest is None:
        raise TrainerError(
            f"no {' or '.join(NAMES)} in {folder}: it lists the pictures, one a line, with file, "
            "truth and kind"
        )
    top = folder.resolve()
    with manifest.open("rb") as file:
        lines = _lines(file)
        is_csv = manifest.suffix == ".csv"
        decode = _csv_decoder(lines, manifest) if is_csv else _decode_json
        for count, (number, line) in enumerate(lines):
            if count == MAX_ROWS:
                yield BadRow(number, f"only the first {MAX_ROWS:,} rows are read")
                return
            yield _row(top, number, line, decode)


def printable(text: str) -> str:
    """The text in one line, with control characters escaped."""
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape", "replace").decode()
        for each in text
    )


def _lines(file: BinaryIO) -> Iterator[tuple[int, bytes | None]]:
    """The number and content of each line that is not blank; None where it is too long."""
    number = 0
    while line := file.readline(_MAX_LINE):
        number += 1
        is_long = len(line) == _MAX_LINE and not line.endswith(b"\n")
        while is_long and (rest := file.readline(_BLOCK)):
            if rest.endswith(b"\n"):
                break
        if is_long:
            yield number, None
        elif line.strip():
            yield number, line


def _decode_json(line: bytes) -> _Row:
    return msgspec.json.decode(line.removeprefix(b"\xef\xbb\xbf"), type=_Row)


def _csv_decoder(lines: Iterator[tuple[int, bytes | None]], manifest: Path) -> _Decode:
    """Read the names of the columns, and return what decodes the lines after them."""
    header = (next(lines, (0, None))[1] or b"").decode("utf-8-sig", "replace")
    separator = max(_SEPARATORS, key=header.count)
    columns = [name.strip().lower() for name in next(csv.reader([header], delimiter=separator))]
    if missing := {"file", "truth"} - {*columns}:
        raise TrainerError(f"{manifest}: the first line names no column {sorted(missing)[0]!r}")

    def decode(line: bytes) -> _Row:
        fields = next(csv.reader([line.decode()], delimiter=separator, strict=True))
        if len(fields) > len(columns):
            raise ValueError(f"{len(fields)} fields for {len(columns)} columns")
        return msgspec.convert(dict(zip(columns, fields, strict=False)), _Row)

    return decode


def _row(top: Path, number: int, line: bytes | None, decode: _Decode) -> LabeledPicture | BadRow:
    try:
        if line is None:
            raise ValueError(f"longer than {_MAX_LINE:,} bytes")
        row = decode(line)
        truth = _truth(str(row.truth))
        file = _file(top, row.file)
    except (ValueError, OSError, RecursionError, csv.Error, msgspec.DecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        return BadRow(number, printable(reason or str(error)))
    return LabeledPicture(number, printable(row.file), file, truth, printable(row.kind.strip()))


def _truth(text: str) -> str:
    """The digits of each row. Raises `ValueError`."""
    text = text.strip()
    if text == NOT_A_DIGIT_NAME:
        return text
    rows = [row.strip() for row in text.replace("/", "\n").split("\n")]
    if not all(row.isascii() and row.isdecimal() for row in rows):
        raise ValueError(
            f"truth {text[:40]!r}: expected digits, with / between the rows of a number, "
            f"or {NOT_A_DIGIT_NAME}"
        )
    if sum(map(len, rows)) > _MAX_DIGITS:
        raise ValueError(f"truth: more than {_MAX_DIGITS} digits")
    return "\n".join(rows)


def _file(top: Path, name: str) -> Path:
    """The picture's file. Raises `ValueError` if there is none, or if it lies elsewhere."""
    file = (top / name).resolve()
    if not file.is_relative_to(top):
        raise ValueError(f"{name!r} lies outside of the folder")
    if not file.is_file():
        raise ValueError(f"no file {name!r}")
    return file
