"""All that changes while a model learns, and how it becomes a checkpoint and back."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler
from torch.optim.swa_utils import AveragedModel

from trainer.errors import TrainerError
from trainer.training.optim import OPTIMIZERS, SCHEDULES
from trainer.training.recipe import Recipe, Weights, build, load_model


@dataclass(slots=True)
class State:
    """A model that learns, and what its next step depends on besides the data."""

    model: nn.Module
    average: AveragedModel | None
    optimizer: Optimizer
    schedule: LRScheduler
    device: torch.device
    epoch: int = 0  # whole ones behind it
    best: float = -1.0  # validation accuracy
    epochs_since_best: int = 0

    @classmethod
    def new(
        cls, recipe: Recipe, steps: int, device: torch.device, start: Weights | None = None
    ) -> State:
        """The weights to start from, or random ones from the recipe's seed.

        `steps` are those of the whole training. Raises `TrainerError` as `load_model` does.
        """
        torch.manual_seed(recipe.seed)
        model = load_model(recipe, start) if start else build(recipe)
        model = model.to(device).to(memory_format=torch.channels_last)
        optimizer = OPTIMIZERS[recipe.optimizer](model.parameters(), recipe)
        decay = recipe.average_decay
        return cls(
            model=model,
            average=AveragedModel(model, avg_fn=_moving_average(decay), use_buffers=True)
            if decay
            else None,
            optimizer=optimizer,
            schedule=SCHEDULES[recipe.schedule](optimizer, recipe, steps),
            device=device,
        )

    @property
    def answering(self) -> nn.Module:
        """The model that is judged and kept: the average of the weights, where there is one."""
        return self.average.module if self.average else self.model

    def step(self) -> None:
        """Let the weights, their average and the learning rate follow the gradients."""
        self.optimizer.step()
        self.schedule.step()
        if self.average:
            self.average.update_parameters(self.model)

    def judged(self, accuracy: float) -> bool:
        """Note how an epoch ended; whether it is the best so far."""
        self.epoch += 1
        better = accuracy > self.best
        self.best = max(self.best, accuracy)
        self.epochs_since_best = 0 if better else self.epochs_since_best + 1
        return better

    def to_bytes(self) -> bytes:
        """All of it and torch's random state as safetensors, with what is no tensor as JSON."""
        optimizer = self.optimizer.state_dict()
        tensors = {f"model.{name}": tensor for name, tensor in self.model.state_dict().items()}
        if self.average:
            tensors |= {f"average.{k}": v for k, v in self.average.state_dict().items()}
        for index, moments in optimizer["state"].items():
            tensors |= {f"optimizer.{index}.{k}": v for k, v in moments.items() if v is not None}
        tensors["random.cpu"] = torch.get_rng_state()
        if self.device.type == "cuda":
            tensors["random.cuda"] = torch.cuda.get_rng_state(self.device)
        rest = {
            "epoch": self.epoch,
            "best": self.best,
            "epochs_since_best": self.epochs_since_best,
            "schedule": self.schedule.state_dict(),
            "param_groups": optimizer["param_groups"],
        }
        return save(
            {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()},
            metadata={"state": json.dumps(rest)},
        )

    def restore(self, checkpoint: Path) -> None:
        """Go back to what `to_bytes` wrote. Raises `TrainerError` for a file that does not fit."""
        try:
            with safe_open(checkpoint, "pt") as file:
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
                rest = json.loads(file.metadata()["state"])
            self.model.load_state_dict(_under(tensors, "model."))
            if self.average:
                self.average.load_state_dict(_under(tensors, "average."))
            moments: dict[int, dict[str, Tensor]] = {}
            for name, tensor in _under(tensors, "optimizer.").items():
                index, _, kind = name.partition(".")
                moments.setdefault(int(index), {})[kind] = tensor
            self.optimizer.load_state_dict({"state": moments, "param_groups": rest["param_groups"]})
            self.schedule.load_state_dict(rest["schedule"])
            self.epoch, self.best = rest["epoch"], rest["best"]
            self.epochs_since_best = rest["epochs_since_best"]
        except (OSError, SafetensorError, RuntimeError, ValueError, KeyError) as error:
            reason = " ".join(str(error).split())
            raise TrainerError(f"{checkpoint} does not fit its run: {reason}") from error
        torch.set_rng_state(tensors["random.cpu"])
        if "random.cuda" in tensors and self.device.type == "cuda":
            torch.cuda.set_rng_state(tensors["random.cuda"], self.device)


def _under(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}


def _moving_average(decay: float) -> Callable[[Tensor, Tensor, Tensor | int], Tensor]:
    """How each weight and buffer follows: slowly, but faster over the first steps of all."""

    def follow(average: Tensor, current: Tensor, steps: Tensor | int) -> Tensor:
        if not average.is_floating_point():  # batch norm's count of batches
            return current
        return average.lerp(current, 1 - min(decay, (1 + int(steps)) / (10 + int(steps))))

    return follow
