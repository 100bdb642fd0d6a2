"""Pen strokes as files: who drew what, and to which part of the data each writer belongs.

A record is one JSON line: {"label": "7", "strokes": [[[x, y], …], …], "writer": …, "source": …}.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np

from trainer.atomic import write_file
from trainer.data.samples import NOT_A_DIGIT, Split
from trainer.errors import TrainerError
from trainer.recognition.strokes import Line, Strokes

ATTRIBUTION = (
    "Pen strokes: UNIPEN train_r01_v07 (doi 10.5281/zenodo.1195803), CC BY 4.0; "
    "Pen-Based Recognition of Handwritten Digits (E. Alpaydin, F. Alimoglu, UCI), CC BY 4.0"
)

Kind = Literal["digits", "letters"]

_WRITERS = Path(__file__).with_name("writers.json")
"""The recorded split: for each part the SHA-256 of its writers' names, cut to 16 digits."""


@dataclass(frozen=True, slots=True)
class Record:
    """One drawn character and who drew it."""

    label: str
    strokes: Strokes
    writer: str
    source: str = ""

    @property
    def target(self) -> int:
        """What a model is to answer: the digit, or `NOT_A_DIGIT`."""
        return int(self.label) if self.label.isdecimal() else NOT_A_DIGIT


def read_split(folder: Path, kind: Kind, split: Split) -> list[Record]:
    """Every record of the split's writers. Raises `TrainerError` as `read` does."""
    parsed = _parsed(folder, kind)
    return [_record(line) for line in parsed if split_of(line.writer) is split]


def read(folder: Path, kind: Kind) -> Iterator[Record]:
    """Yield every record of every file `strokes/KIND-*.jsonl.gz`.

    Raises `TrainerError` where there is none or one is bad.
    """
    return map(_record, _parsed(folder, kind))


def write(file: Path, records: Iterable[Record]) -> int:
    """Write a file of records and give back how many; the same records give the same bytes."""
    lines = [
        json.dumps(
            {
                "label": record.label,
                "strokes": [_plain(line) for line in record.strokes],
                "writer": record.writer,
                "source": record.source,
            },
            separators=(",", ":"),
        )
        for record in records
    ]
    text = "".join(f"{line}\n" for line in lines)
    write_file(file, gzip.compress(text.encode(), mtime=0))
    return len(lines)


def _plain(line: Line) -> list[list[float]]:
    """Whole numbers where the tablet gave no others."""
    whole = line.astype(np.int64)
    plain: list[list[float]] = (whole if (whole == line).all() else line).tolist()
    return plain


def split_of(writer: str) -> Split:
    """The part a writer belongs to, for ever.

    By writer and never by record, since one person's digits look alike. The writers of UNIPEN and
    pendigits are recorded; any other is assigned by a hash of the name: 70 % train, 10 %
    validation, 20 % test.
    """
    recorded = _recorded().get(_name_hash(writer))
    if recorded is not None:
        return recorded
    percent = int.from_bytes(hashlib.sha256(writer.encode()).digest()[:4], "big") % 100
    if percent < 70:
        return Split.TRAIN
    return Split.VALIDATION if percent < 80 else Split.TEST


def record_writers(folder: Path) -> int:
    """Write down the split of every writer in the folder, beside those recorded already."""
    kinds: tuple[Kind, ...] = ("digits", "letters")
    writers = {record.writer for kind in kinds for record in read(folder, kind)}
    split_by_hash = dict(_recorded()) | {_name_hash(name): split_of(name) for name in writers}
    text = {
        split: sorted(name for name, part in split_by_hash.items() if part is split)
        for split in Split
    }
    write_file(_WRITERS, json.dumps(text, indent=1).encode() + b"\n")
    _recorded.cache_clear()
    return len(split_by_hash)


@cache
def _recorded() -> dict[str, Split]:
    try:
        parts = json.loads(_WRITERS.read_text())
    except FileNotFoundError:
        return {}
    return {name: Split(part) for part, names in parts.items() for name in names}


def _name_hash(writer: str) -> str:
    return hashlib.sha256(writer.encode()).hexdigest()[:16]


class _Line(msgspec.Struct, gc=False):
    """A record as its file has it."""

    label: str | int
    strokes: list[list[tuple[float, float]]]
    writer: str
    source: str = ""


def _parsed(folder: Path, kind: Kind) -> Iterator[_Line]:
    files = sorted((folder / "strokes").glob(f"{kind}-*.jsonl.gz"))
    if not files:
        raise TrainerError(
            f"no strokes in {folder / 'strokes'} ({kind}-*.jsonl.gz); set INKLING_DATA to a folder "
            "that has them, run `python -m trainer data fetch unipen`, or use --data synthetic"
        )
    decoder = msgspec.json.Decoder(_Line)
    for file in files:
        with gzip.open(file, "rb") as lines:
            for number, line in enumerate(lines, 1):
                try:
                    yield _checked(decoder.decode(line), kind)
                except (ValueError, msgspec.DecodeError) as error:
                    raise TrainerError(f"{file}:{number}: not a stroke record: {error}") from error


def _checked(line: _Line, kind: Kind) -> _Line:
    if not any(line.strokes):
        raise ValueError("no points")
    label = str(line.label)
    if kind == "digits" and not (len(label) == 1 and label in "0123456789"):
        raise ValueError(f"{label!r} is no digit")
    return line


def _record(line: _Line) -> Record:
    strokes = [np.array(stroke, np.float64) for stroke in line.strokes if stroke]
    return Record(str(line.label), strokes, line.writer, line.source)
