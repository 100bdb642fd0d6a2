"""Labeled samples, and the splits of a data set."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from trainer.recognition.array_types import Labels, Pixels

_HASHED_AT_A_TIME = 10_000  # samples: 8 MB


class Split(StrEnum):
    """A split of a data set. The test split is for reporting, never for selection.

    Beside them, data sets have a gate part (`Source.load_gate`), on which versions are compared.
    """

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


def hash_percent(content: bytes) -> int:
    """A percentile, 0..99, from a hash of the content: a fixed, uniform way to split a data set."""
    return int.from_bytes(hashlib.sha256(content).digest()[:4], "big") % 100


@dataclass(frozen=True, slots=True)
class Samples:
    """Labeled images in MNIST's format. Samples that repeat an image share it."""

    images: Pixels
    """uint8 [m, 28, 28], 255 for ink; all 0 where `preprocess` found no ink."""
    labels: Labels
    """int64 [n]: the digit, 0..9, or `NOT_A_DIGIT`."""
    files: NDArray[np.str_] | None = None
    """str [n]: the file of each image, if they were read from files."""
    rows: NDArray[np.int64] | None = None
    """int64 [n]: the index of each sample's image; None if each image is one sample, in order."""
    writers: NDArray[np.int64] | None = None
    """int64 [n]: a number for who wrote each sample, if it is known; `join` drops it."""

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def pixels(self) -> Pixels:
        """The image of each sample, uint8 [n, 28, 28]; a copy where images are repeated."""
        return self.images if self.rows is None else self.images[self.rows]

    def sha256(self) -> str:
        """The SHA-256 of pixels and labels, hexadecimal, which identifies the samples."""
        digest = hashlib.sha256()
        for start in range(0, len(self), _HASHED_AT_A_TIME):
            digest.update(self.where(np.s_[start : start + _HASHED_AT_A_TIME]).pixels.tobytes())
        digest.update(self.labels.tobytes())
        return digest.hexdigest()

    @classmethod
    def join(cls, parts: Iterable[Samples]) -> Samples:
        """Concatenate one or more sets of samples. The result has `files` if all of them do."""
        several = list(parts)
        if len(several) == 1:
            return several[0]
        files = [part.files for part in several if part.files is not None]
        return cls(
            np.concatenate([part.images for part in several]),
            np.concatenate([part.labels for part in several]),
            np.concatenate(files) if len(files) == len(several) else None,
            None if all(part.rows is None for part in several) else _joined_rows(several),
        )

    def where(self, chosen: NDArray[Any] | slice) -> Samples:
        """Select samples by a boolean mask, bool [n], by indices, int [m], or by a slice."""
        files = None if self.files is None else self.files[chosen]
        writers = None if self.writers is None else self.writers[chosen]
        if self.rows is None:
            return Samples(self.images[chosen], self.labels[chosen], files, writers=writers)
        return Samples(self.images, self.labels[chosen], files, self.rows[chosen], writers)

    def written_by(self, names: Sequence[str]) -> Samples:
        """The same samples, each with a number for its writer; `names` has one for each."""
        numbers = np.unique(names, return_inverse=True)[1].astype(np.int64)
        return replace(self, writers=numbers)

    @property
    def has_ink(self) -> NDArray[np.bool_]:
        """In which images `preprocess` found ink: bool [n]."""
        has_ink = np.asarray(self.images.any(axis=(1, 2)))
        return has_ink if self.rows is None else has_ink[self.rows]


def _joined_rows(parts: Sequence[Samples]) -> NDArray[np.int64]:
    """The rows of concatenated samples, in their concatenated images."""
    counts = [len(part.images) for part in parts]
    firsts = np.cumsum([0, *counts[:-1]])
    return np.concatenate(
        [
            first + (np.arange(count) if part.rows is None else part.rows)
            for first, count, part in zip(firsts, counts, parts, strict=True)
        ]
    )


def repeated(count: int, size: int | None, rng: Generator) -> NDArray[np.int64]:
    """Draw `size` (by default `count`) of `count` indices in random order: int64 [size].

    No index is repeated before all of them have been drawn equally often.
    """
    size = count if size is None else size
    rounds = [rng.permutation(count) for _ in range(-(-size // count))]
    return np.concatenate(rounds)[:size]
