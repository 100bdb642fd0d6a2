"""Batches of a training set that is held on the device as a whole."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainer.data.samples import Samples
from trainer.models.pixels import scale_pixels
from trainer.training.distributed import SINGLE_PROCESS, Distributed
from trainer.training.recipe import Order


class Batches:
    """The batches of an epoch, in an order that seed and epoch determine, or in a fixed one.

    A batch is images, float32 [batch, 1, 28, 28] in 0..1, and labels, int64 [batch]. With several
    processes, each gets its share of every batch. MNIST-sized sets fit into memory as uint8 (47 MB
    for 60,000 images), so no loader with workers is needed; an image that is repeated is held once.
    """

    def __init__(
        self,
        samples: Samples,
        batch_size: int,
        device: torch.device,
        seed: int,
        distributed: Distributed = SINGLE_PROCESS,
        order: Order = "shuffled",
    ) -> None:
        self.device = device
        self._seed = seed
        self._images = torch.from_numpy(samples.images).unsqueeze(1).to(device)
        self._labels = torch.from_numpy(samples.labels).to(device)
        self._rows = None if samples.rows is None else torch.from_numpy(samples.rows).to(device)
        self._batch_size = math.ceil(batch_size / distributed.world_size)
        self._distributed = distributed
        self._fixed = _fixed_order(samples, order)

    def __len__(self) -> int:
        """Steps in an epoch."""
        shard = len(self._labels) // self._distributed.world_size
        return math.ceil(shard / self._batch_size)

    def epoch(self, epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield the batches of an epoch, counted from 0."""
        order = self._fixed
        if order is None:
            order = np.random.default_rng([self._seed, epoch]).permutation(len(self._labels))
        shard = torch.from_numpy(self._distributed.shard(order)).to(self.device)
        for indices in shard.split(self._batch_size):
            rows = indices if self._rows is None else self._rows[indices]
            yield scale_pixels(self._images[rows]), self._labels[indices]


def _fixed_order(samples: Samples, order: Order) -> NDArray[np.int64] | None:
    """The same order for all epochs, int64 [n]; None where each has its own."""
    if order == "shuffled":
        return None
    if order == "by-class":
        return np.argsort(samples.labels, kind="stable")
    return np.arange(len(samples))


def to_device(samples: Samples, device: torch.device) -> tuple[Tensor, Tensor]:
    """Copy all samples to a device: pixels, uint8 [n, 1, 28, 28], and labels, int64 [n]."""
    pixels = torch.from_numpy(samples.pixels).unsqueeze(1)
    return pixels.to(device), torch.from_numpy(samples.labels).to(device)
