"""Data sets by name, each preprocessed to 28×28 pixels.

To add a data set, add a file here with a loader function decorated by `@data_set("name", …)`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path

from trainer.data.samples import Samples, Split
from trainer.errors import TrainerError
from trainer.registry import Registry

FROZEN = ("mnist", "strokes", "letters", "scribbles", "synthetic")
"""The data sets whose gate parts and test splits never change, so that models of any age can be
compared: for a decision on their gate parts, for a report on their test splits."""

VALIDATION_PREFERENCE = ("strokes", "mnist", "synthetic")
"""Data sets to validate on, in order of preference: the closest to what people draw first."""

Loader = Callable[[Split, Path, int | None, int], Samples]
"""(split, folder, size, seed) → samples. The folder is the data folder, or the data set's own if it
has a path; size is None for the data set's own number of samples."""


@dataclass(frozen=True, slots=True)
class DataSet:
    """A data set that can be loaded by name."""

    load: Loader
    attribution: str
    """The credit line that models trained on it must carry."""
    has_path: bool = False
    """Whether it is read from a folder that the user specifies."""
    files: str = ""
    """Glob pattern of its files in the data folder; empty for a synthetic data set."""
    row: str = ""
    """Name of its row in the benchmark, where its files are there; without one it has none."""
    test_only: bool = False
    """Whether it has a test split alone, so that nothing can learn from it or be chosen by it."""

    @property
    def splits(self) -> tuple[Split, ...]:
        """The splits that it has."""
        return (Split.TEST,) if self.test_only else tuple(Split)


DATA_SETS: Registry[DataSet] = Registry("data set", __name__)

GATE_PARTS: Registry[Callable[[Path], Samples]] = Registry("gate part of the data set", __name__)
"""Loaders of the gate parts, by the name of the data set: folder → samples, with their `writers`
where they are known. No training uses a gate part."""


def data_set(
    name: str,
    attribution: str,
    *,
    has_path: bool = False,
    files: str = "",
    row: str = "",
    test_only: bool = False,
) -> Callable[[Loader], Loader]:
    """Register the decorated loader under a name; the arguments are those of `DataSet`.

    With `test_only`, loading another split raises `TrainerError`.
    """

    def add(load: Loader) -> Loader:
        @wraps(load)
        def load_test(split: Split, folder: Path, size: int | None, seed: int) -> Samples:
            if split is not Split.TEST:
                raise TrainerError(f"{name} is for testing alone: it has no {split} split")
            return load(split, folder, size, seed)

        loader = load_test if test_only else load
        DATA_SETS.register(name)(DataSet(loader, attribution, has_path, files, row, test_only))
        return loader

    return add
