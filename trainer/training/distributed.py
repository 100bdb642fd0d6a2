"""Several processes that train one model together, started by `torchrun`."""

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
class Peers:
    """This process among those that train together. Alone, all of it costs nothing."""

    rank: int = 0
    count: int = 1

    @property
    def leads(self) -> bool:
        """Whether this one reads data, judges, shows and saves for all."""
        return self.rank == 0

    def from_leader(self, make: Callable[[], T]) -> T:
        """What the leading process makes, in every process."""
        if self.count == 1:
            return make()
        box = [make() if self.leads else None]
        dist.broadcast_object_list(box, src=0)
        made: T = box[0]  # type: ignore[assignment]
        return made

    def share(self, order: Tensor) -> Tensor:
        """This process's part of the leader's order, int64 [n]; all parts are of one length."""
        if self.count == 1:
            return order
        dist.broadcast(order, src=0)
        return order[self.rank :: self.count][: len(order) // self.count]

    def total(self, values: Tensor) -> Tensor:
        """The sum of each value over all processes."""
        if self.count > 1:
            dist.all_reduce(values)
        return values

    def wrap(self, model: nn.Module, device: torch.device) -> nn.Module:
        """The model to call while learning: its gradients are the mean of all processes'."""
        if self.count == 1:
            return model
        return DistributedDataParallel(model, [device] if device.type == "cuda" else None)


ALONE = Peers()


@contextmanager
def joined() -> Iterator[Peers]:
    """Join the processes that `torchrun` started with this one, or be alone."""
    if "WORLD_SIZE" not in os.environ:
        yield ALONE
        return
    on_gpus = torch.cuda.is_available() and torch.cuda.device_count() >= int(
        os.environ["LOCAL_WORLD_SIZE"]
    )
    if on_gpus:
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    dist.init_process_group("nccl" if on_gpus else "gloo")
    try:
        yield Peers(dist.get_rank(), dist.get_world_size())
    finally:
        dist.destroy_process_group()
