"""Labelled pictures, and which part of a data set they belong to."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from trainer.recognition.preprocess import Pixels


class Split(StrEnum):
    """Which part of a data set. `test` reports and never chooses."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


NOT_A_DIGIT = 10
"""The label of letters, scribbles and whatever else is no digit."""


@dataclass(frozen=True, slots=True)
class Samples:
    """Labelled pictures: `pixels` uint8 [n, 28, 28], 255 for ink; `labels` int64 [n].

    A label is the digit, 0..9, or `NOT_A_DIGIT`. A picture in which `preprocess` found nothing has
    no ink. `files`, str [n], names the file of each where pictures came from files.
    """

    pixels: Pixels
    labels: NDArray[np.int64]
    files: NDArray[np.str_] | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def sha256(self) -> str:
        """Name these very pixels and labels."""
        return hashlib.sha256(self.pixels.tobytes() + self.labels.tobytes()).hexdigest()

    @classmethod
    def join(cls, parts: Iterable[Samples]) -> Samples:
        several = list(parts)
        files = [part.files for part in several if part.files is not None]
        return cls(
            np.concatenate([part.pixels for part in several]),
            np.concatenate([part.labels for part in several]),
            np.concatenate(files) if len(files) == len(several) else None,
        )

    def where(self, chosen: NDArray[Any]) -> Samples:
        """Those at these indices, or where this is true."""
        files = None if self.files is None else self.files[chosen]
        return Samples(self.pixels[chosen], self.labels[chosen], files)

    @property
    def has_ink(self) -> NDArray[np.bool_]:
        """Which pictures `preprocess` found something in: bool [n]."""
        return np.asarray(self.pixels.any(axis=(1, 2)))


def repeated(count: int, size: int | None, rng: Generator) -> NDArray[np.int64]:
    """Indices of `size` of `count` things in random order, each again only when all have come."""
    size = count if size is None else size
    rounds = [rng.permutation(count) for _ in range(-(-size // count))]
    return np.concatenate(rounds)[:size]
