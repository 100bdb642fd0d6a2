"""Sources: a data set as the command line names it, `NAME:SIZE`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from trainer.data.cache import cached
from trainer.data.datasets import DATA_SETS, GATE_PARTS
from trainer.data.samples import Samples, Split
from trainer.errors import TrainerError
from trainer.paths import data_folder


@dataclass(frozen=True, slots=True)
class Source:
    """A data set, and the number of training samples to take from it.

    Written as `NAME` or `NAME:SIZE`; `folder:PATH` or `folder:PATH:SIZE`.
    """

    name: str
    size: int | None = None
    """Number of training samples; None for the data set's own number."""
    path: Path | None = None
    """The folder of a data set that has one."""

    @classmethod
    def parse(cls, text: str) -> Source:
        """Parse the notation above. Raises `TrainerError` if it is invalid or the name unknown."""
        name, _, rest = text.partition(":")
        if not DATA_SETS[name].has_path:  # raises for an unknown name
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
        """The same source without a size, as it does not apply to validation and test splits."""
        return replace(self, size=None)

    @property
    def title(self) -> str:
        """Its name in reports: without the path if the folder is named like the data set."""
        return self.name if self.path and self.path.name == self.name else str(self.whole)

    @property
    def is_here(self) -> bool:
        """Whether it can be loaded without downloading anything."""
        files = DATA_SETS[self.name].files
        return not files or any(data_folder().glob(files))

    def load(self, split: Split, seed: int = 0) -> Samples:
        """Load a split.

        `size` and `seed` apply to training only: the validation and test splits are always whole
        and the same. Samples are rendered once and then cached in the home folder, except for data
        sets that have a path. Raises `TrainerError` if the data set is missing or damaged.
        """
        data_set = DATA_SETS[self.name]
        is_training = split is Split.TRAIN
        size = self.size if is_training else None
        if data_set.has_path:
            return data_set.load(split, self.path or data_folder(), size, seed)
        folder = data_folder()
        return cached(
            f"{self.name}-{split}",
            self._files(),
            lambda: data_set.load(split, folder, size, seed),
            settings=(size, seed) if is_training else None,
        )

    def load_gate(self) -> Samples:
        """Load the gate part: samples by writers whom no training uses, to compare versions on.

        It is always the same, and cached like the validation split, except for data sets that have
        a path. Raises `TrainerError` if the data set is missing or damaged, or has no such part.
        """
        load = GATE_PARTS[self.name]
        if self.path:
            return load(self.path)
        return cached(f"{self.name}-gate", self._files(), lambda: load(data_folder()))

    def _files(self) -> list[Path]:
        """The data set's files, none for a synthetic one."""
        pattern = DATA_SETS[self.name].files
        return sorted(data_folder().glob(pattern)) if pattern else []
