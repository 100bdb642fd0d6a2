"""Optdigits: digits that 30 people wrote into forms, as bitmaps of 32×32 with very thick lines.

The file is `uci/optdigits-orig.tra` in the data folder.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from trainer.data.bitmaps import Bitmaps, painted, parse_bits, read_bitmaps
from trainer.data.datasets import data_set
from trainer.data.samples import Samples, Split

FILE = "uci/optdigits-orig.tra"
_SIDE = 32


@data_set(
    "optdigits",
    "Optical Recognition of Handwritten Digits: E. Alpaydin, C. Kaynak, UCI, CC BY 4.0",
    files=FILE,
    row="Optdigits test (Turkish hands, scanned)",
)
def optdigits(split: Split, folder: Path, size: int | None, seed: int) -> Samples:
    """1,162 / 386 / 386 digits, by their order in the file.

    If `size` exceeds the number of training digits, they are repeated. Raises `TrainerError` if the
    file is missing or damaged.
    """
    bitmaps = read_bitmaps(folder / FILE, parse_optdigits, "optdigits")
    return painted(bitmaps, split, size, seed, widths=(1.0, 1.0))


def parse_optdigits(text: str) -> Bitmaps:
    """Parse a header, then for each digit 32 lines of 0 and 1 and a line with its label.

    Raises `ValueError` if the text is malformed.
    """
    lines = [line.strip() for line in text.splitlines()]
    bits = (index for index, line in enumerate(lines) if len(line) == _SIDE and {*line} <= {*"01"})
    lines = [line for line in lines[next(bits, len(lines)) :] if line]
    labels = lines[_SIDE :: _SIDE + 1]
    if len(lines) % (_SIDE + 1) or any(
        len(each) != 1 or each not in "0123456789" for each in labels
    ):
        raise ValueError(f"a digit has {_SIDE} lines of 0 and 1, then its label")
    rows = [line for index, line in enumerate(lines) if (index + 1) % (_SIDE + 1)]
    if any(len(row) != _SIDE for row in rows):
        raise ValueError(f"a line of a digit has {_SIDE} characters")
    return Bitmaps(parse_bits("".join(rows), (_SIDE, _SIDE)), np.array(labels, np.int64))
