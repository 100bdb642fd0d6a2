"""Data sets of black-and-white bitmaps in one text file: reading, splitting and preprocessing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from trainer.data.rendering.rendered import RenderedDataset
from trainer.data.samples import Samples, Split, repeated
from trainer.errors import TrainerError
from trainer.recognition.array_types import Labels, Pixels

MAX_BYTES = 16 << 20
"""Size of the largest file that is read; the published ones have 1 and 2 MB."""

_HEIGHT = 160  # of the painted picture's ink, pixels
_MARGIN = 24  # around it, pixels


@dataclass(frozen=True, slots=True)
class Bitmaps:
    """Labeled bitmaps, in the order of their file."""

    pixels: Pixels
    """uint8 [n, height, width], 1 for ink."""
    labels: Labels
    """int64 [n], 0..9."""

    def sha256(self) -> str:
        """The SHA-256 of pixels and labels, hexadecimal."""
        content = self.pixels.tobytes() + self.labels.astype(np.uint8).tobytes()
        return hashlib.sha256(content).hexdigest()

    def part(self, split: Split) -> Bitmaps:
        """A split: the last fifth in file order is the test split, the one before it validation.

        Both have n // 5 bitmaps.
        """
        count = len(self.labels)
        fifth = count // 5
        ends = {
            Split.TRAIN: (0, count - 2 * fifth),
            Split.VALIDATION: (count - 2 * fifth, count - fifth),
        }
        start, end = ends.get(split, (count - fifth, count))
        return Bitmaps(self.pixels[start:end], self.labels[start:end])


Parse = Callable[[str], Bitmaps]
"""The text of a file → its bitmaps; raises `ValueError` if it is malformed."""


def read_bitmaps(file: Path, parse: Parse, name: str) -> Bitmaps:
    """Read a file of bitmaps; `name` is that of the data set.

    Raises `TrainerError` if it is missing, too large or malformed.
    """
    text = read_text(file, name)
    try:
        found = parse(text)
    except ValueError as error:
        raise TrainerError(f"{file}: not {name}: {error}") from error
    if not len(found.labels):
        raise TrainerError(f"{file}: not {name}: it has no digits")
    return found


def read_text(file: Path, name: str, encoding: str = "ascii") -> str:
    """Read a data set's only file; `name` is that of the data set, and of what fetches it.

    Raises `TrainerError` if it is missing, too large or in another encoding.
    """
    try:
        if file.stat().st_size > MAX_BYTES:
            raise TrainerError(f"{file}: more than {MAX_BYTES >> 20} MB are not {name}")
        return file.read_text(encoding=encoding)
    except FileNotFoundError as error:
        raise TrainerError(
            f"no {name} in {file}: run `python -m trainer data fetch {name}`, or set INKLING_DATA "
            "to a folder that has it"
        ) from error
    except (OSError, ValueError) as error:
        raise TrainerError(f"{file}: not {name}: {error}") from error


def parse_bits(words: str, shape: tuple[int, int]) -> Pixels:
    """Parse the characters 0 and 1: uint8 [n, *shape]. Raises `ValueError` for anything else."""
    bits = np.frombuffer(words.encode("ascii"), np.uint8) - ord("0")
    if len(bits) % (shape[0] * shape[1]) or (bits > 1).any():
        raise ValueError(f"bitmaps have {shape[0]}×{shape[1]} characters, each 0 or 1")
    return bits.reshape(-1, *shape)


@dataclass(frozen=True, slots=True)
class BitmapPainter:
    """Paints bitmaps as pictures of smooth black shapes; a `Draw` function."""

    bitmaps: Bitmaps
    order: NDArray[np.int64]
    """Index of the bitmap for each sample."""
    widths: tuple[float, float]
    """Range of the picture's width relative to its height, drawn for each sample."""

    def __call__(self, index: int, rng: Generator) -> tuple[int, Pixels]:
        chosen = self.order[index]
        width = round(_HEIGHT * rng.uniform(*self.widths))
        ink = self.bitmaps.pixels[chosen] * np.uint8(255)
        smooth = cv2.resize(ink, (width, _HEIGHT), interpolation=cv2.INTER_CUBIC)
        return int(self.bitmaps.labels[chosen]), 255 - np.pad(np.asarray(smooth, np.uint8), _MARGIN)


def painted(
    bitmaps: Bitmaps, split: Split, size: int | None, seed: int, widths: tuple[float, float]
) -> Samples:
    """The samples of a split, in random order if `size` is given; then repeated where needed."""
    part = bitmaps.part(split)
    count = len(part.labels)
    order = np.arange(count) if size is None else repeated(count, size, np.random.default_rng(seed))
    return RenderedDataset(BitmapPainter(part, order, widths), len(order), split, seed).samples()
