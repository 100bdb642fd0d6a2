"""A data set as a person names it: `NAME:SIZE`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from trainer.data.cache import cached
from trainer.data.datasets import DATA_SETS
from trainer.data.samples import Samples, Split
from trainer.errors import TrainerError
from trainer.paths import data_folder


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

        Those two are rendered once, and kept in the home folder for the next time.
        """
        data_set = DATA_SETS[self.name]
        folder = self.path or data_folder()
        if split is Split.TRAIN or data_set.has_path:
            size = self.size if split is Split.TRAIN else None
            return data_set.load(split, folder, size, seed)
        files = sorted(folder.glob(data_set.files)) if data_set.files else []
        return cached(
            f"{self.name}-{split}", files, lambda: data_set.load(split, folder, None, seed)
        )
