"""Data-parallel training in several processes, started by `torchrun`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Distributed:
    """This process's place among those that train one model; with one, every method is a no-op."""

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

    def shard(self, order: Tensor) -> Tensor:
        """This process's share of the main process's order, int64 [n]; all are of equal length."""
        if self.world_size == 1:
            return order
        dist.broadcast(order, src=0)
        return order[self.rank :: self.world_size][: len(order) // self.world_size]

    def sum(self, values: Tensor) -> Tensor:
        """Elementwise sum over all processes, in place."""
        if self.world_size > 1:
            dist.all_reduce(values)
        return values

    def seed_augmentation(self, seed: int) -> None:
        """Seed the other processes differently, so that each augments differently."""
        if not self.is_main:
            torch.manual_seed(seed + self.rank)

    def wrap(self, model: nn.Module, device: torch.device) -> nn.Module:
        """The model to call in training: its gradients are averaged over all processes."""
        if self.world_size == 1:
            return model
        return DistributedDataParallel(model, [device] if device.type == "cuda" else None)


SINGLE_PROCESS = Distributed()


@contextmanager
def process_group() -> Iterator[Distributed]:
    """Join the process group that `torchrun` describes in the environment, if there is one."""
    if "WORLD_SIZE" not in os.environ:
        yield SINGLE_PROCESS
        return
    has_gpu_each = torch.cuda.is_available() and torch.cuda.device_count() >= int(
        os.environ["LOCAL_WORLD_SIZE"]
    )
    if has_gpu_each:
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    dist.init_process_group("nccl" if has_gpu_each else "gloo")
    try:
        yield Distributed(dist.get_rank(), dist.get_world_size())
    finally:
        dist.destroy_process_group()
