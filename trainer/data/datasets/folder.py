"""Pictures in a folder of one's own: one folder for each digit, `0` to `9`, and `not_a_digit`.

They may stand in `train`, `validation` and `test`, as `data export-images` writes them. A part that
is not there is taken out of those that are, by a hash of each file, so that it is always the same.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from trainer.data.datasets import data_set
from trainer.data.parallel import in_chunks
from trainer.data.rendering.rendered import pixels_of
from trainer.data.samples import NOT_A_DIGIT, Samples, Split, repeated
from trainer.errors import TrainerError
from trainer.recognition.image import PictureError, decode
from trainer.recognition.preprocess import Pixels

LABELS = {str(digit): digit for digit in range(10)} | {"not_a_digit": NOT_A_DIGIT}

_SHARES = {Split.VALIDATION: range(10), Split.TEST: range(10, 20)}
"""Per cent of the files that become a part which has no folder."""


class UnreadablePicture(TrainerError, UserWarning):
    """A file that was left out. Turn this warning into an error to stop instead."""


@data_set("folder", "Pictures from a folder of one's own", has_path=True)
def folder(split: Split, path: Path, size: int | None, seed: int) -> Samples:
    """The pictures of a part, each through `preprocess`, as when somebody sends it.

    Files that cannot be read are left out with an `UnreadablePicture` warning each, and one that
    counts them. Raises `TrainerError` where there are no pictures.
    """
    files = _files(split, path)
    if not files:
        raise TrainerError(
            f"no {split} pictures in {path}: they belong in folders named 0 to 9, "
            "or in train, validation and test above those"
        )
    if size is not None:
        chosen = repeated(len(files), size, np.random.default_rng(seed))
        files = [files[index] for index in chosen]
    read = [each for chunk in in_chunks(_Read(files), len(files)) for each in chunk]
    for file, pixels in zip(files, read, strict=True):
        if isinstance(pixels, str):
            warnings.warn(UnreadablePicture(f"{file}: {pixels}"), stacklevel=2)
    kept = [index for index, pixels in enumerate(read) if not isinstance(pixels, str)]
    if len(kept) < len(files):
        left_out = f"{len(files) - len(kept):,} of {len(files):,} pictures in {path} were left out"
        warnings.warn(UnreadablePicture(left_out), stacklevel=2)
    if not kept:
        raise TrainerError(f"none of the {split} pictures in {path} can be read")
    return Samples(
        np.stack([read[index] for index in kept]),
        np.array([LABELS[files[index].parent.name] for index in kept], np.int64),
        np.array([str(files[index]) for index in kept]),
    )


@dataclass(frozen=True, slots=True)
class _Read:
    """Pixels of each file, or the reason why there are none."""

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
        return pixels_of(picture.image, picture.scale)


def _files(split: Split, path: Path) -> list[Path]:
    """The files of a part, in an order that does not depend on the file system."""
    if split is not Split.TRAIN and (path / split).is_dir():
        return _in_digits(path / split)
    missing = {part for part in _SHARES if not (path / part).is_dir()}
    parted = (path / Split.TRAIN).is_dir()
    files = _in_digits(path / Split.TRAIN if parted else path)
    if not missing:
        return files
    return [file for file in files if _part(file, missing) is split]


def _in_digits(path: Path) -> list[Path]:
    found = [file for label in LABELS for file in (path / label).glob("*")]
    return sorted(file for file in found if file.is_file() and not file.name.startswith("."))


def _part(file: Path, missing: Collection[Split]) -> Split:
    """By what is in the file, so that a copy of it is never in two parts."""
    try:
        digest = hashlib.sha256(file.read_bytes()).digest()
    except OSError:
        digest = hashlib.sha256(str(file).encode()).digest()
    percent = int.from_bytes(digest[:4], "big") % 100
    for part, share in _SHARES.items():
        if part in missing and percent in share:
            return part
    return Split.TRAIN
