"""Data sets by name, each as the 28×28 pixels that `trainer.preprocess` gives.

A new data set joins by one new file here with a function under `@data_set("name")`.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from trainer.errors import TrainerError
from trainer.preprocess import Pixels, preprocess
from trainer.registry import Registry
from trainer.render import Look, Strokes, paint


class Split(StrEnum):
    """Which part of a data set. `test` reports and never chooses."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class Digits:
    """Labelled pictures: `pixels` uint8 [n, 28, 28], 255 for ink; `labels` int64 [n], 0..9."""

    pixels: Pixels
    labels: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)

    def sha256(self) -> str:
        """Name these very pixels and labels."""
        return hashlib.sha256(self.pixels.tobytes() + self.labels.tobytes()).hexdigest()

    @classmethod
    def join(cls, parts: Iterable[Digits]) -> Digits:
        several = list(parts)
        return cls(
            np.concatenate([part.pixels for part in several]),
            np.concatenate([part.labels for part in several]),
        )

    def sample(self, size: int, rng: Generator) -> Digits:
        """Choose `size` pictures without replacement, or all of them where there are fewer."""
        if size >= len(self):
            return self
        chosen = rng.permutation(len(self))[:size]
        return Digits(self.pixels[chosen], self.labels[chosen])


Loader = Callable[[Split, Path, int | None, int], Digits]
"""(split, folder of data sets, size or None for the set's own, seed) → digits."""


@dataclass(frozen=True, slots=True)
class DataSet:
    """How to load a data set, and whom a model that learned from it has to name."""

    load: Loader
    attribution: str


DATA_SETS: Registry[DataSet] = Registry("data set", __name__)


def data_set(name: str, attribution: str) -> Callable[[Loader], Loader]:
    """Make a loader known by a name."""

    def add(load: Loader) -> Loader:
        DATA_SETS.register(name)(DataSet(load, attribution))
        return load

    return add


@dataclass(frozen=True, slots=True)
class Source:
    """A data set, and how many of its training pictures to take: `NAME` or `NAME:SIZE`."""

    name: str
    size: int | None = None

    @classmethod
    def parse(cls, text: str) -> Source:
        name, _, size = text.partition(":")
        if size and not (size.isdecimal() and int(size) > 0):
            raise TrainerError(f"in --data {text!r} the size must be a whole number above 0")
        DATA_SETS[name]  # an unknown name is told at once
        return cls(name, int(size) if size else None)

    def __str__(self) -> str:
        return self.name if self.size is None else f"{self.name}:{self.size}"

    def load(self, split: Split, seed: int = 0) -> Digits:
        """Load a part. The size counts for training alone: validation and test are always whole."""
        size = self.size if split is Split.TRAIN else None
        return DATA_SETS[self.name].load(split, data_folder(), size, seed)


def home_folder() -> Path:
    """`INKLING_HOME`, or ./var."""
    return Path(os.environ.get("INKLING_HOME") or "var")


def data_folder() -> Path:
    """`INKLING_DATA`, or `data` in the home folder."""
    return Path(os.environ.get("INKLING_DATA") or home_folder() / "data")


def draw_all(drawings: Iterable[tuple[int, Strokes]], rng: Generator) -> Digits:
    """Paint each (label, strokes) on a canvas in a random look, and prepare it as any picture."""
    pixels, labels = [], []
    for label, strokes in drawings:
        pixels.append(preprocess(paint(strokes, Look.random(rng))).pixels)
        labels.append(label)
    return Digits(np.stack(pixels), np.array(labels, np.int64))
