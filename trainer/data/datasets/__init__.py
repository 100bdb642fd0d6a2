"""Data sets by name, each as the 28×28 pixels that `preprocess` gives.

A new one joins by one new file here with a function under `@data_set("name")`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from trainer.data.samples import Samples, Split
from trainer.registry import Registry

FROZEN = ("mnist", "strokes", "letters", "scribbles", "synthetic")
"""The data sets whose test parts never change, so that models of all times can be compared."""


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
