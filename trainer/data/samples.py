"""Labeled samples, and the splits of a data set."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from trainer.recognition.array_types import Labels, Pixels


class Split(StrEnum):
    """A split of a data set. The test split is for reporting, never for selection."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


def hash_percent(content: bytes) -> int:
    """A percentile, 0..99, from a hash of the content: a fixed, uniform way to split a data set."""
    return int.from_bytes(hashlib.sha256(content).digest()[:4], "big") % 100


@dataclass(frozen=True, slots=True)
class Samples:
    """Labeled images in MNIST's format."""

    pixels: Pixels
    """uint8 [n, 28, 28], 255 for ink; all 0 where `preprocess` found no ink."""
    labels: Labels
    """int64 [n]: the digit, 0..9, or `NOT_A_DIGIT`."""
    files: NDArray[np.str_] | None = None
    """str [n]: the file of each image, if they were read from files."""

    def __len__(self) -> int:
        return len(self.labels)

    def sha256(self) -> str:
        """The SHA-256 of pixels and labels, hexadecimal, which identifies the samples."""
        return hashlib.sha256(self.pixels.tobytes() + self.labels.tobytes()).hexdigest()

    @classmethod
    def join(cls, parts: Iterable[Samples]) -> Samples:
        """Concatenate one or more sets of samples. The result has `files` if all of them do."""
        several = list(parts)
        files = [part.files for part in several if part.files is not None]
        return cls(
            np.concatenate([part.pixels for part in several]),
            np.concatenate([part.labels for part in several]),
            np.concatenate(files) if len(files) == len(several) else None,
        )

    def where(self, chosen: NDArray[Any]) -> Samples:
        """Select samples by a boolean mask, bool [n], or by indices, int [m]."""
        files = None if self.files is None else self.files[chosen]
        return Samples(self.pixels[chosen], self.labels[chosen], files)

    @property
    def has_ink(self) -> NDArray[np.bool_]:
        """In which images `preprocess` found ink: bool [n]."""
        return np.asarray(self.pixels.any(axis=(1, 2)))


def repeated(count: int, size: int | None, rng: Generator) -> NDArray[np.int64]:
    """Draw `size` (by default `count`) of `count` indices in random order: int64 [size].

    No index is repeated before all of them have been drawn equally often.
    """
    size = count if size is None else size
    rounds = [rng.permutation(count) for _ in range(-(-size // count))]
    return np.concatenate(rounds)[:size]
