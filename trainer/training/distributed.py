"""Data-parallel training in several processes, started by `torchrun`."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module
from typing import TypeVar

import numpy as np
import torch
import torch.distributed as dist
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

T = TypeVar("T")

_TIMEOUT = timedelta(days=1)
"""How long a process waits for another. The main one renders data and exports for longer than
torch's 30 minutes; where one dies, torchrun ends the others at once."""


@dataclass(frozen=True, slots=True)
class Distributed:
    """This process's place among those that train one model."""

    rank: int = 0
    world_size: int = 1

    @property
    def is_main(self) -> bool:
        """Whether this process loads data, validates, reports and saves for all."""
        return self.rank == 0

    def broadcast_from_main(self, make: Callable[[], T]) -> T:
        """Call `make` in the main process and return its result in every process."""
        if self.world_size == 1:
            return make()
        box = [make() if self.is_main else None]
        dist.broadcast_object_list(box, src=0)
        made: T = box[0]  # type: ignore[assignment]
        return made

    def shard(self, order: NDArray[np.int64]) -> NDArray[np.int64]:
        """This process's share of an order, int64 [n], that is the same in all of them.

        The shares are of equal length; up to `world_size` - 1 indices at the end are left out.
        """
        return order[self.rank :: self.world_size][: len(order) // self.world_size]

    def sum(self, values: Tensor) -> Tensor:
        """Elementwise sum over all processes, in place, on any device."""
        if self.world_size > 1:
            dist.all_reduce(values)
        return values

    def seed(self, seed: int, epoch: int) -> None:
        """Seed torch on every device for an epoch, in each process differently.

        Dropout and augmentation then depend on seed, epoch and process alone, and not on what was
        computed before: a resumed run needs no saved random state.
        """
        (state,) = np.random.SeedSequence([seed, epoch, self.rank]).generate_state(1, np.uint64)
        torch.manual_seed(int(state))

    def wrap(self, model: nn.Module, device: torch.device) -> nn.Module:
        """The model to call in training: its gradients are averaged over all processes."""
        if self.world_size == 1:
            return model
        return DistributedDataParallel(model, [device] if device.type == "cuda" else None)

    def wait_for_all(self) -> None:
        """Return once every process has called this."""
        self.sum(torch.zeros(1))  # on the CPU: a barrier would choose a GPU by itself


SINGLE_PROCESS = Distributed()


@contextmanager
def process_group() -> Iterator[Distributed]:
    """Join the process group that `torchrun` describes in the environment, if there is one.

    At the end of the block all processes wait for each other, as torchrun ends those that are left
    soon after the first has ended. After an error nobody is waited for.
    """
    if "WORLD_SIZE" not in os.environ:
        yield SINGLE_PROCESS
        return
    has_gpu_each = torch.cuda.is_available() and torch.cuda.device_count() >= int(
        os.environ["LOCAL_WORLD_SIZE"]
    )
    if has_gpu_each:
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    # An optimizer imports this later. Imported while there is a group, it keeps the group, whose
    # threads then outlive it; one that runs when Python ends can abort the process.
    import_module("torch._dynamo")

    # NCCL takes tensors on GPUs alone; objects and the barrier are on the CPU.
    dist.init_process_group("cpu:gloo,cuda:nccl" if has_gpu_each else "gloo", timeout=_TIMEOUT)
    try:
        distributed = Distributed(dist.get_rank(), dist.get_world_size())
        yield distributed
        distributed.wait_for_all()
    finally:
        gc.collect()  # wrapped models refer to the group, and themselves to each other
        dist.destroy_process_group()
