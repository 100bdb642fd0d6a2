"""Your own images, in a folder with a subfolder for each class: `0` to `9` and `not_a_digit`.

The subfolders may be grouped into `train`, `validation` and `test`, as `data export-images` writes
them. A split without a folder is taken from the training images, by a hash of each file's content,
so that it is always the same.
"""

from __future__ import annotations

import warnings
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trainer.data.datasets import data_set
from trainer.data.parallel import in_chunks
from trainer.data.rendering.rendered import preprocess_or_blank
from trainer.data.samples import Samples, Split, hash_percent, repeated
from trainer.errors import TrainerError
from trainer.recognition.array_types import Pixels
from trainer.recognition.image import PictureError, decode
from trainer.recognition.labels import LABELS

_PERCENTAGES = {Split.VALIDATION: range(10), Split.TEST: range(10, 20)}
"""The values of `hash_percent` of the files that belong to a split without a folder."""


class UnreadablePicture(TrainerError, UserWarning):
    """Warns of a file that is skipped. Turn the warning into an error to stop instead."""


@data_set("folder", "Images from the user's own folder", has_path=True)
def folder(split: Split, path: Path, size: int | None, seed: int) -> Samples:
    """The images of a split, preprocessed.

    Each file that cannot be read is skipped with an `UnreadablePicture` warning; a last warning
    gives their number. Raises `TrainerError` if there are no images.
    """
    files = _files(split, path)
    if not files:
        raise TrainerError(
            f"no {split} pictures in {path}: expected in folders named 0 to 9, "
            "optionally grouped into train, validation and test"
        )
    order = None
    if size is not None:
        chosen = repeated(len(files), size, np.random.default_rng(seed))
        used, order = np.unique(chosen, return_inverse=True)
        files = [files[index] for index in used]
    read = [each for chunk in in_chunks(_FileReader(files), len(files)) for each in chunk]
    for file, pixels in zip(files, read, strict=True):
        if isinstance(pixels, str):
            warnings.warn(UnreadablePicture(f"{file}: {pixels}"), stacklevel=2)
    kept = [index for index, pixels in enumerate(read) if not isinstance(pixels, str)]
    if len(kept) < len(files):
        left_out = f"{len(files) - len(kept):,} of {len(files):,} pictures in {path} were left out"
        warnings.warn(UnreadablePicture(left_out), stacklevel=2)
    if not kept:
        raise TrainerError(f"none of the {split} pictures in {path} can be read")
    samples = Samples(
        np.stack([read[index] for index in kept]),
        np.array([LABELS[files[index].parent.name] for index in kept], np.int64),
        np.array([str(files[index]) for index in kept]),
    )
    return samples if order is None else _repeated(samples, kept, order)


def _repeated(samples: Samples, kept: list[int], order: NDArray[np.int64]) -> Samples:
    """The samples in an order of the files, of which only those that are `kept` were read."""
    position = np.full(max(*kept, *order) + 1, -1)
    position[kept] = np.arange(len(kept))
    rows = position[order]
    rows = rows[rows >= 0]
    files = None if samples.files is None else samples.files[rows]
    return Samples(samples.images, samples.labels[rows], files, rows)


@dataclass(frozen=True, slots=True)
class _FileReader:
    """Reads and preprocesses files: pixels, uint8 [28, 28], or the reason why a file is skipped."""

    files: list[Path]

    def __call__(self, indices: range) -> list[Pixels | str]:
        return [self._read(self.files[index]) for index in indices]

    @staticmethod
    def _read(file: Path) -> Pixels | str:
        try:
            picture = decode(file.read_bytes())
        except OSError as error:
            return error.strerror or str(error)
        except PictureError as error:
            return str(error)
        return preprocess_or_blank(picture.image, picture.scale)


def _files(split: Split, path: Path) -> list[Path]:
    """The files of a split, in an order that does not depend on the file system."""
    if split is not Split.TRAIN and (path / split).is_dir():
        return _in_class_folders(path / split)
    missing = {each for each in _PERCENTAGES if not (path / each).is_dir()}
    has_splits = (path / Split.TRAIN).is_dir()
    files = _in_class_folders(path / Split.TRAIN if has_splits else path)
    if not missing:
        return files
    return [file for file in files if _split_of(file, missing) is split]


def _in_class_folders(path: Path) -> list[Path]:
    found = [file for label in LABELS for file in (path / label).glob("*")]
    return sorted(file for file in found if file.is_file() and not file.name.startswith("."))


def _split_of(file: Path, missing: Collection[Split]) -> Split:
    """The split of a file, by its content, so that copies of it are never in two splits."""
    try:
        percent = hash_percent(file.read_bytes())
    except OSError:
        percent = hash_percent(str(file).encode())
    for split, percentages in _PERCENTAGES.items():
        if split in missing and percent in percentages:
            return split
    return Split.TRAIN
