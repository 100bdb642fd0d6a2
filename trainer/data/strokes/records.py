"""Stroke records: drawn characters with their writers, and the split of each writer.

A record is one JSON line: {"label": "7", "strokes": [[[x, y], …], …], "writer": …, "source": …}.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np

from trainer.atomic import write_file
from trainer.data.samples import Split, hash_percent
from trainer.errors import TrainerError
from trainer.recognition.labels import NOT_A_DIGIT
from trainer.recognition.strokes import Line, Strokes

ATTRIBUTION = (
    "Pen strokes: UNIPEN train_r01_v07 (doi 10.5281/zenodo.1195803), CC BY 4.0; "
    "Pen-Based Recognition of Handwritten Digits (E. Alpaydin, F. Alimoglu, UCI), CC BY 4.0"
)
"""Credit line for models trained on the records."""

Kind = Literal["digits", "letters"]
"""The kinds of files, `KIND-*.jsonl.gz`."""

_WRITERS = Path(__file__).with_name("writers.json")
"""The recorded assignment of writers to splits, by hashes of their names."""

_NAME_HASH_DIGITS = 16  # hexadecimal digits of a SHA-256
_TRAIN_PERCENT, _VALIDATION_PERCENT = 70, 10  # of the writers; the others are for testing
_GATE_SHARE = 6  # one in so many of the training writers is kept for the gate instead


@dataclass(frozen=True, slots=True)
class Record:
    """A drawn character."""

    label: str
    """The character."""
    strokes: Strokes
    """At least one, each of at least one point, y down."""
    writer: str
    """Identifies who drew it."""
    source: str = ""
    """The data set that it comes from."""

    @property
    def target(self) -> int:
        """The label for training: the digit, or `NOT_A_DIGIT`."""
        return int(self.label) if self.label.isdecimal() else NOT_A_DIGIT


def read_split(folder: Path, kind: Kind, split: Split) -> list[Record]:
    """All records of the split's writers; the training split is without those of the gate.

    Raises `TrainerError` as `read` does.
    """
    lines = _read_lines(folder, kind, lambda writer: _is_in(split, writer))
    return [_record(line) for line in lines]


def _is_in(split: Split, writer: str) -> bool:
    return split_of(writer) is split and not is_for_gate(writer)


def read_gate(folder: Path, kind: Kind) -> list[Record]:
    """All records of the gate's writers. Raises `TrainerError` as `read` does."""
    return [_record(line) for line in _read_lines(folder, kind, is_for_gate)]


def is_for_gate(writer: str) -> bool:
    """Whether a writer of the training split is kept for comparing versions, not for training.

    A sixth of them are, by a hash of their names, which never changes.
    """
    chosen = int(_name_hash(writer), 16) % _GATE_SHARE == 0
    return chosen and split_of(writer) is Split.TRAIN


def read(folder: Path, kind: Kind) -> Iterator[Record]:
    """Yield the records of all files `FOLDER/strokes/KIND-*.jsonl.gz`, in the order of their names.

    Raises `TrainerError` if there is no file, or at an invalid record.
    """
    return map(_record, _read_lines(folder, kind))


def write(file: Path, records: Iterable[Record]) -> int:
    """Write a file of records atomically, and return their number.

    The same records always give the same bytes.
    """
    lines = [
        json.dumps(
            {
                "label": record.label,
                "strokes": [_to_list(line) for line in record.strokes],
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


def _to_list(line: Line) -> list[list[float]]:
    """As integers, if all coordinates are."""
    rounded = line.astype(np.int64)
    points: list[list[float]] = (rounded if (rounded == line).all() else line).tolist()
    return points


def split_of(writer: str) -> Split:
    """The split that a writer belongs to, which never changes.

    Data is split by writer, not by record, since the digits of one person look alike. The writers
    of UNIPEN and pendigits are recorded in a file; others are assigned by a hash of their name:
    70 % train, 10 % validation, 20 % test.
    """
    recorded = _recorded().get(_name_hash(writer))
    if recorded is not None:
        return recorded
    percent = hash_percent(writer.encode())
    if percent < _TRAIN_PERCENT:
        return Split.TRAIN
    return Split.VALIDATION if percent < _TRAIN_PERCENT + _VALIDATION_PERCENT else Split.TEST


def record_writers(folder: Path) -> int:
    """Record the split of each writer in the folder, in addition to those recorded before.

    Returns the number of all recorded writers. Raises `TrainerError` as `read` does.
    """
    kinds: tuple[Kind, ...] = ("digits", "letters")
    writers = {record.writer for kind in kinds for record in read(folder, kind)}
    split_by_hash = dict(_recorded()) | {_name_hash(name): split_of(name) for name in writers}
    writers_by_split = {
        split: sorted(name for name, own in split_by_hash.items() if own is split)
        for split in Split
    }
    write_file(_WRITERS, json.dumps(writers_by_split, indent=1).encode() + b"\n")
    _recorded.cache_clear()
    return len(split_by_hash)


@cache
def _recorded() -> dict[str, Split]:
    """The recorded split of each writer, by the hash of the name."""
    try:
        writers_by_split = json.loads(_WRITERS.read_text())
    except FileNotFoundError:
        return {}
    return {name: Split(split) for split, names in writers_by_split.items() for name in names}


def _name_hash(writer: str) -> str:
    """Identifies a writer without giving the name away."""
    return hashlib.sha256(writer.encode()).hexdigest()[:_NAME_HASH_DIGITS]


class _Writer(msgspec.Struct, gc=False):
    """The writer alone, which is decoded in a fraction of the time."""

    writer: str


class _Line(msgspec.Struct, gc=False):
    """A record as it is stored."""

    label: str | int
    strokes: list[list[tuple[float, float]]]
    writer: str
    source: str = ""


def _read_lines(
    folder: Path, kind: Kind, is_wanted: Callable[[str], bool] | None = None
) -> Iterator[_Line]:
    """The lines of all files, or those of the writers that are wanted."""
    files = sorted((folder / "strokes").glob(f"{kind}-*.jsonl.gz"))
    if not files:
        raise TrainerError(
            f"no strokes in {folder / 'strokes'} ({kind}-*.jsonl.gz): set INKLING_DATA to a folder "
            "that has them, run `python -m trainer data fetch unipen`, or use --data synthetic"
        )
    decoder, writers = msgspec.json.Decoder(_Line), msgspec.json.Decoder(_Writer)
    for file in files:
        with gzip.open(file, "rb") as lines:
            for number, line in enumerate(lines, 1):
                try:
                    if is_wanted is None or is_wanted(writers.decode(line).writer):
                        yield _checked(decoder.decode(line), kind)
                except (ValueError, msgspec.DecodeError) as error:
                    raise TrainerError(f"{file}:{number}: not a stroke record: {error}") from error


def _checked(line: _Line, kind: Kind) -> _Line:
    if not any(line.strokes):
        raise ValueError("no points")
    label = str(line.label)
    if kind == "digits" and not (len(label) == 1 and label in "0123456789"):
        raise ValueError(f"{label!r} is not a digit")
    return line


def _record(line: _Line) -> Record:
    strokes = [np.array(stroke, np.float64) for stroke in line.strokes if stroke]
    return Record(str(line.label), strokes, line.writer, line.source)
