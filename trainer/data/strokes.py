"""Digits that people drew with a pen, kept as strokes (UNIPEN, pendigits).

A record is one JSON line: {"label": "7", "strokes": [[[x, y], …], …], "writer": …, "source": …}.
Files are `strokes/digits-*.jsonl.gz` in the data folder.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

import numpy as np

from trainer.data import Digits, Split, data_set, draw_all
from trainer.errors import TrainerError
from trainer.render import Strokes

ATTRIBUTION = (
    "Pen strokes: UNIPEN train_r01_v07 (doi 10.5281/zenodo.1195803), CC BY 4.0; "
    "Pen-Based Recognition of Handwritten Digits (E. Alpaydin, F. Alimoglu, UCI), CC BY 4.0"
)


@dataclass(frozen=True, slots=True)
class Record:
    """One drawn digit and who drew it."""

    label: int
    strokes: Strokes
    writer: str


@data_set("strokes", ATTRIBUTION)
def strokes(split: Split, folder: Path, size: int | None, seed: int) -> Digits:
    """The digits of the split's writers, each painted on a canvas in a random look.

    More than there are records means painting each of them again, in another look. Validation and
    test look the same whatever the seed.
    """
    rng = np.random.default_rng([seed, 0] if split is Split.TRAIN else [list(Split).index(split)])
    records = [record for record in read(folder) if split_of(record.writer) is split]
    order = rng.permutation(len(records))
    drawings = ((records[i].label, records[i].strokes) for i in cycle(order))
    return draw_all(islice(drawings, size or len(records)), rng)


def split_of(writer: str) -> Split:
    """Assign a writer, for ever, by a hash of the name: 70 % train, 10 % validation, 20 % test.

    By writer and never by record, since one person's digits look alike.
    """
    percent = int.from_bytes(hashlib.sha256(writer.encode()).digest()[:4], "big") % 100
    if percent < 70:
        return Split.TRAIN
    return Split.VALIDATION if percent < 80 else Split.TEST


def read(folder: Path) -> Iterator[Record]:
    """Yield every record of every file. Raises `TrainerError` where there is none or one is bad."""
    files = sorted((folder / "strokes").glob("digits-*.jsonl.gz"))
    if not files:
        raise TrainerError(
            f"no strokes in {folder / 'strokes'} (digits-*.jsonl.gz); "
            "set INKLING_DATA to a folder that has them, or use --data synthetic"
        )
    for file in files:
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                try:
                    yield _parse(line)
                except (ValueError, KeyError, TypeError) as error:
                    raise TrainerError(f"{file}:{number}: not a stroke record: {error}") from error


def _parse(line: str) -> Record:
    fields = json.loads(line)
    lines = [np.array(stroke, np.float64).reshape(-1, 2) for stroke in fields["strokes"]]
    lines = [line for line in lines if len(line)]
    if not lines:
        raise ValueError("no points")
    return Record(int(fields["label"]), lines, str(fields["writer"]))
