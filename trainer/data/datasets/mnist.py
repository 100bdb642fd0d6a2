"""MNIST (LeCun, Cortes, Burges 1998)."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trainer.data.datasets import GATE_PARTS, data_set
from trainer.data.download import fetch_mnist
from trainer.data.idx import read_idx
from trainer.data.samples import Samples, Split, repeated
from trainer.errors import TrainerError
from trainer.recognition.array_types import Labels, Pixels
from trainer.recognition.labels import DIGITS
from trainer.recognition.preprocess import SIDE, preprocess

_log = logging.getLogger(__name__)

VALIDATION_SIZE = 5_000
"""Number of images of MNIST's training set that are held out for validation."""

_SPLIT_SEED = 0  # fixed, so that the same images are held out in every run
_GATE_SHARE = 12  # of MNIST's training set, at its end
_SHEET = 100  # images in a row of the file, which are the work of one or two writers


@data_set(
    "mnist",
    "MNIST: Yann LeCun, Corinna Cortes, Christopher J. C. Burges",
    files="mnist/MNIST/raw/*-idx*-ubyte*",
)
def mnist(split: Split, folder: Path, size: int | None, seed: int) -> Samples:
    """50,404 / 5,000 / 10,000 images; the first two are MNIST's training set without the gate part.

    All images are preprocessed, as at serving time; few of them change. If `size` exceeds the
    number of images, they are repeated. Missing files are downloaded. Raises `TrainerError` if that
    fails, or if files are damaged.
    """
    pixels, labels = stored(folder, is_test=split is Split.TEST)
    if split is not Split.TEST:
        chosen = _parts(len(labels))["validation" if split is Split.VALIDATION else "train"]
        pixels, labels = pixels[chosen], labels[chosen]
    rows = None
    if size is not None:
        chosen = repeated(len(labels), size, np.random.default_rng(seed))
        if size > len(labels):
            rows = chosen
        else:
            pixels = pixels[chosen]
        labels = labels[chosen]
    return Samples(_preprocessed(pixels), labels, rows=rows)


@GATE_PARTS.register("mnist")
def gate(folder: Path) -> Samples:
    """The last twelfth of MNIST's training set, without its images that are for validation.

    MNIST does not say who wrote an image, but its file has the images of one writer in a row. So
    each hundred of the file counts as a writer. Raises `TrainerError` as `mnist` does.
    """
    pixels, labels = stored(folder, is_test=False)
    chosen = _parts(len(labels))["gate"]
    return Samples(_preprocessed(pixels[chosen]), labels[chosen], writers=chosen // _SHEET)


def _parts(count: int) -> dict[str, NDArray[np.int64]]:
    """Indices into MNIST's training set of so many images, in ascending order, by part."""
    validation = np.random.default_rng(_SPLIT_SEED).permutation(count)[:VALIDATION_SIZE]
    gate = np.setdiff1d(np.arange(count - count // _GATE_SHARE, count), validation)
    train = np.setdiff1d(np.arange(count), np.union1d(validation, gate))
    return {"train": train, "validation": np.sort(validation), "gate": gate}


def _preprocessed(pixels: Pixels) -> Pixels:
    return np.stack([preprocess(picture).pixels for picture in pixels])


def stored(folder: Path, *, is_test: bool) -> tuple[Pixels, Labels]:
    """MNIST's test or training set as it is published: uint8 [n, 28, 28] and int64 [n].

    Missing files are downloaded to `folder`. Raises `TrainerError` as `mnist` does.
    """
    raw = folder / "mnist" / "MNIST" / "raw"
    part = "t10k" if is_test else "train"
    images, answers = raw / f"{part}-images-idx3-ubyte", raw / f"{part}-labels-idx1-ubyte"
    if not (images.exists() and answers.exists()):
        try:
            fetch_mnist(folder, _log.info)
        except (TrainerError, OSError) as error:
            raise TrainerError(
                f"MNIST is not in {folder / 'mnist'} and could not be downloaded ({error}); "
                "set INKLING_DATA to a folder that has it, or use --data synthetic"
            ) from error
    try:
        pixels, labels = read_idx(images, "uint8", 3), read_idx(answers, "uint8", 1)
        if pixels.shape != (len(labels), SIDE, SIDE) or labels.max() >= DIGITS:
            raise ValueError(f"{pixels.shape} pixels, {labels.shape} labels")
    except (OSError, ValueError) as error:
        raise TrainerError(
            f"MNIST in {folder / 'mnist'} is damaged; delete it to have it downloaded again"
        ) from error
    return pixels, labels.astype(np.int64)
