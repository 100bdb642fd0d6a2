"""The 50,000 digits of QMNIST's test part that MNIST never published, with their writers.

Yadav and Bottou 2019 found the NIST digits that MNIST was made of. The first 10,000 of their test
part are MNIST's test set; nobody who wrote the test part wrote MNIST's training set. The files
are in `qmnist/QMNIST/raw`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from trainer.data.datasets import data_set
from trainer.data.idx import read_idx
from trainer.data.rendering.rendered import preprocess_or_blank
from trainer.data.samples import Samples, Split, repeated
from trainer.errors import TrainerError
from trainer.recognition.labels import DIGITS
from trainer.recognition.preprocess import SIDE

_LABEL, _WRITER = 0, 2  # columns of the labels
_IN_MNIST = 10_000  # digits that come first, and are MNIST's test set


@data_set(
    "qmnist",
    "QMNIST: Chhavi Yadav, Léon Bottou; made of NIST Special Database 19",
    files="qmnist/QMNIST/raw/qmnist-test-*",
    row="QMNIST, the 50,000 lost test digits",
    test_only=True,
)
def qmnist(split: Split, folder: Path, size: int | None, seed: int) -> Samples:  # noqa: ARG001
    """The digits, preprocessed as at serving time, with their writers.

    Raises `TrainerError` if files are missing or damaged.
    """
    raw = folder / "qmnist" / "QMNIST" / "raw"
    try:
        pixels = read_idx(raw / "qmnist-test-images-idx3-ubyte", "uint8", 3)[_IN_MNIST:]
        columns = read_idx(raw / "qmnist-test-labels-idx2-int", "int32", 2)[_IN_MNIST:]
    except OSError as error:
        raise TrainerError(
            f"QMNIST is not in {folder / 'qmnist'}: run `python -m trainer data fetch qmnist`"
        ) from error
    except ValueError as error:
        raise TrainerError(f"QMNIST in {folder / 'qmnist'} is damaged: {error}") from error
    if pixels.shape != (len(columns), SIDE, SIDE) or columns.shape[1] <= _WRITER:
        raise TrainerError(f"QMNIST in {folder / 'qmnist'} is damaged: {pixels.shape} pictures")
    if size is not None and len(columns):
        chosen = repeated(len(columns), size, np.random.default_rng(seed))
        pixels, columns = pixels[chosen], columns[chosen]
    labels = columns[:, _LABEL]
    if not len(labels) or not 0 <= labels.min() <= labels.max() < DIGITS:
        raise TrainerError(f"QMNIST in {folder / 'qmnist'} is damaged: not labels of digits")

    images = np.stack([preprocess_or_blank(picture) for picture in pixels])
    return Samples(images, labels, writers=columns[:, _WRITER])
