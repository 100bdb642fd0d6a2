"""Data sets by name, each as the 28×28 pixels that `trainer.preprocess` gives.

A new data set joins by one new file here with a function under `@data_set("name")`.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from trainer.errors import TrainerError
from trainer.preprocess import Pixels
from trainer.registry import Registry


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


Loader = Callable[[Split, Path, int | None, int], Samples]
"""(split, folder of data sets or the set's own, size or None for its own, seed) → samples."""


@dataclass(frozen=True, slots=True)
class DataSet:
    """How to load a data set, and whom a model that learned from it has to name.

    One that has a `path` is in a folder that its user names.
    """

    load: Loader
    attribution: str
    has_path: bool = False


DATA_SETS: Registry[DataSet] = Registry("data set", __name__)


def data_set(name: str, attribution: str, has_path: bool = False) -> Callable[[Loader], Loader]:
    """Make a loader known by a name."""

    def add(load: Loader) -> Loader:
        DATA_SETS.register(name)(DataSet(load, attribution, has_path))
        return load

    return add


@dataclass(frozen=True, slots=True)
class Source:
    """A data set, and how many of its training pictures to take.

    Written `NAME` or `NAME:SIZE`; `folder:PATH` or `folder:PATH:SIZE`.
    """

    name: str
    size: int | None = None
    path: Path | None = None

    @classmethod
    def parse(cls, text: str) -> Source:
        """Raise `TrainerError` for what is none."""
        name, _, rest = text.partition(":")
        if not DATA_SETS[name].has_path:  # an unknown name is told at once
            return cls(name, cls._parse_size(rest, text) if rest else None)
        path, _, size = rest.rpartition(":")
        if not (path and size.isdecimal()):
            path, size = rest, ""
        if not path:
            raise TrainerError(f"--data {text!r} names no folder: write {name}:PATH")
        return cls(name, cls._parse_size(size, text) if size else None, Path(path))

    @staticmethod
    def _parse_size(size: str, text: str) -> int:
        if not (size.isdecimal() and int(size) > 0):
            raise TrainerError(f"in --data {text!r} the size must be a whole number above 0")
        return int(size)

    def __str__(self) -> str:
        parts = (self.name, self.path, self.size)
        return ":".join(str(part) for part in parts if part is not None)

    @property
    def whole(self) -> Source:
        """The same without a size, as validation and test parts are."""
        return replace(self, size=None)

    def load(self, split: Split, seed: int = 0) -> Samples:
        """Load a part. The size counts for training alone: validation and test are always whole."""
        size = self.size if split is Split.TRAIN else None
        return DATA_SETS[self.name].load(split, self.path or data_folder(), size, seed)


def home_folder() -> Path:
    """`INKLING_HOME`, or ./var."""
    return Path(os.environ.get("INKLING_HOME") or "var")


def data_folder() -> Path:
    """`INKLING_DATA`, or `data` in the home folder."""
    return Path(os.environ.get("INKLING_DATA") or home_folder() / "data")
