"""Data sets by name, each as the 28×28 pixels that `trainer.recognition.preprocess` gives.

A new data set joins by one new file here with a function under `@data_set("name")`.
"""

from __future__ import annotations

import hashlib
import io
import os
import zipfile
import zlib
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from trainer.atomic import write_file
from trainer.errors import TrainerError
from trainer.recognition.preprocess import Pixels
from trainer.registry import Registry


class Split(StrEnum):
    """Which part of a data set. `test` reports and never chooses."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


NOT_A_DIGIT = 10
"""The label of letters, scribbles and whatever else is no digit."""

FROZEN = ("mnist", "strokes", "letters", "scribbles", "synthetic")
"""The data sets whose test parts never change, so that models of all times can be compared."""


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


_UNREADABLE = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error)


def kept(name: str, files: Iterable[Path], make: Callable[[], Samples]) -> Samples:
    """Samples as they were made before, if from these very files and by this very code."""
    file = home_folder() / "cache" / f"{name}.npz"
    stats = [(str(each.absolute()), each.stat().st_size, each.stat().st_mtime_ns) for each in files]
    key = hashlib.sha256(repr((_code(), stats)).encode()).hexdigest()
    with suppress(*_UNREADABLE), np.load(file) as arrays:
        if arrays["key"] == key:
            return Samples(arrays["pixels"], arrays["labels"])
    samples = make()
    content = io.BytesIO()
    np.savez_compressed(content, key=key, pixels=samples.pixels, labels=samples.labels)
    with suppress(OSError):  # they can be made again
        write_file(file, content.getvalue())
    return samples


@cache
def _code() -> str:
    """Names the code that makes pictures: all of the trainer's."""
    package = Path(__file__).resolve().parents[1]
    texts = [path.read_bytes() for path in sorted(package.rglob("*.py"))]
    return hashlib.sha256(b"".join(texts)).hexdigest()


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

    One that has a `path` is in a folder that its user names; one that has `files`, a pattern, is on
    this machine where those are in the data folder. Any other is made out of nothing.
    """

    load: Loader
    attribution: str
    has_path: bool = False
    files: str = ""


DATA_SETS: Registry[DataSet] = Registry("data set", __name__)


def data_set(
    name: str, attribution: str, *, has_path: bool = False, files: str = ""
) -> Callable[[Loader], Loader]:
    """Make a loader known by a name."""

    def add(load: Loader) -> Loader:
        DATA_SETS.register(name)(DataSet(load, attribution, has_path, files))
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

    @property
    def title(self) -> str:
        """What figures of it are called: without the folder, where that says nothing more."""
        return self.name if self.path and self.path.name == self.name else str(self.whole)

    @property
    def is_here(self) -> bool:
        """Whether it can be loaded without fetching anything."""
        files = DATA_SETS[self.name].files
        return not files or any(data_folder().glob(files))

    def load(self, split: Split, seed: int = 0) -> Samples:
        """Load a part. The size counts for training alone: validation and test are always whole.

        Those two are painted once, and kept in the home folder for the next time.
        """
        data_set = DATA_SETS[self.name]
        folder = self.path or data_folder()
        if split is Split.TRAIN or data_set.has_path:
            size = self.size if split is Split.TRAIN else None
            return data_set.load(split, folder, size, seed)
        files = sorted(folder.glob(data_set.files)) if data_set.files else []
        return kept(f"{self.name}-{split}", files, lambda: data_set.load(split, folder, None, seed))


def home_folder() -> Path:
    """`INKLING_HOME`, or ./var."""
    return Path(os.environ.get("INKLING_HOME") or "var")


def data_folder() -> Path:
    """`INKLING_DATA`, or `data` in the home folder."""
    return Path(os.environ.get("INKLING_DATA") or home_folder() / "data")
