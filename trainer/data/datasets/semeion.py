"""Semeion: digits that about 80 people wrote on paper, each digit twice, scanned at 16×16.

The file is `uci/semeion.data` in the data folder.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from trainer.data.bitmaps import Bitmaps, painted, parse_bits, read_bitmaps
from trainer.data.datasets import data_set
from trainer.data.samples import Samples, Split
from trainer.recognition.labels import DIGITS

FILE = "uci/semeion.data"
_SHAPE = (16, 16)

_WIDTH = 0.6
_TRAINING_WIDTHS = (0.4, 0.9)
"""The scans were stretched to a square, so that their aspect is lost. One width for all, chosen on
the training part: the shipped model reads 97.8 % there at 0.6 and 95.9 % of the squares."""


@data_set(
    "semeion",
    "Semeion Handwritten Digit: Semeion Research Center and Tattile, UCI, CC BY 4.0",
    files=FILE,
    row="Semeion test (Italian hands, scanned)",
)
def semeion(split: Split, folder: Path, size: int | None, seed: int) -> Samples:
    """957 / 318 / 318 digits, by their order in the file, in which a writer's digits are apart.

    Training digits get random widths; if `size` exceeds their number, they are painted again in
    other widths. Raises `TrainerError` if the file is missing or damaged.
    """
    bitmaps = read_bitmaps(folder / FILE, parse_semeion, "semeion")
    widths = _TRAINING_WIDTHS if split is Split.TRAIN else (_WIDTH, _WIDTH)
    return painted(bitmaps, split, size, seed, widths)


def parse_semeion(text: str) -> Bitmaps:
    """Parse 256 numbers 0 or 1 for each digit, then ten for its label, one of which is 1.

    Line breaks do not count, and numbers may have decimals. In some copies of the file the ten are
    repeated as one word. Raises `ValueError` if the text is malformed.
    """
    length = _SHAPE[0] * _SHAPE[1]
    words = [word.removesuffix(".0000") for word in text.split()]
    words = [word for word in words if len(word) != DIGITS]
    if len(words) % (length + DIGITS) or any(len(word) != 1 for word in words):
        raise ValueError(f"a digit has {length} + {DIGITS} numbers, each 0 or 1")
    rows = parse_bits("".join(words), (1, length + DIGITS))[:, 0]
    pixels, one_hot = rows[:, :length].reshape(-1, *_SHAPE), rows[:, length:]
    if (one_hot.sum(axis=1) != 1).any():
        raise ValueError("a label has exactly one 1 among its ten numbers")
    return Bitmaps(pixels, one_hot.argmax(axis=1).astype(np.int64))
