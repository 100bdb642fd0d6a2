"""MNIST (LeCun, Cortes, Burges 1998), read through torchvision."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from trainer.data.datasets import data_set
from trainer.data.samples import Samples, Split, repeated
from trainer.errors import TrainerError
from trainer.recognition.preprocess import preprocess

VALIDATION_SIZE = 5_000
"""Number of images of MNIST's training set that are held out for validation."""

_SPLIT_SEED = 0  # fixed, so that the same images are held out in every run


@data_set(
    "mnist",
    "MNIST: Yann LeCun, Corinna Cortes, Christopher J. C. Burges",
    files="mnist/MNIST/raw/*-idx*-ubyte*",
)
def mnist(split: Split, folder: Path, size: int | None, seed: int) -> Samples:
    """55,000 / 5,000 / 10,000 images; the first two are MNIST's training set.

    All images are preprocessed, as at serving time; few of them change. If `size` exceeds the
    number of images, they are repeated. Missing files are downloaded. Raises `TrainerError` if that
    fails, if files are damaged, or if torchvision is not installed.
    """
    try:
        from torchvision.datasets import MNIST
    except ImportError as error:
        raise TrainerError("MNIST is read by torchvision: pip install 'inkling[train]'") from error
    try:
        stored = MNIST(root=str(folder / "mnist"), train=split is not Split.TEST, download=True)
    except (OSError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise TrainerError(
            f"MNIST is not in {folder / 'mnist'} and could not be downloaded ({reason}); "
            "set INKLING_DATA to a folder that has it, or use --data synthetic"
        ) from error
    except (
        ValueError,
        AssertionError,
        IndexError,
    ) as error:  # incomplete files of an interrupted download
        raise TrainerError(
            f"MNIST in {folder / 'mnist'} is damaged; delete it to have it downloaded again"
        ) from error
    pixels, labels = stored.data.numpy(), stored.targets.numpy()
    if split is not Split.TEST:
        order = np.random.default_rng(_SPLIT_SEED).permutation(len(labels))
        held_out = order[:VALIDATION_SIZE]
        chosen = np.sort(held_out if split is Split.VALIDATION else order[VALIDATION_SIZE:])
        pixels, labels = pixels[chosen], labels[chosen]
    rows = None
    if size is not None:
        chosen = repeated(len(labels), size, np.random.default_rng(seed))
        if size > len(labels):
            rows = chosen
        else:
            pixels = pixels[chosen]
        labels = labels[chosen]
    images = np.stack([preprocess(picture).pixels for picture in pixels])
    return Samples(images, labels, rows=rows)
