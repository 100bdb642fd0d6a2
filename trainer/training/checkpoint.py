"""The state of a training, and its checkpoint."""

from __future__ import annotations

import json
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
from trainer.training.model import Weights, build_model, load_model
from trainer.training.optim import OPTIMIZERS, SCHEDULES
from trainer.training.recipe import Recipe

Tensors = tuple[Tensor, ...] | list[Tensor]


@dataclass(slots=True)
class TrainingState:
    """Everything, except the data, that the next training step depends on."""

    model: nn.Module
    ema: AveragedModel | None  # exponential moving average of the weights
    teacher: nn.Module | None  # frozen copy of the initial model, for distillation
    optimizer: Optimizer
    scheduler: LRScheduler
    device: torch.device
    epoch: int = 0  # completed ones
    best: float = -1.0  # validation accuracy
    epochs_since_best: int = 0
    should_stop: bool = False  # end the training before its last epoch

    @classmethod
    def create(
        cls, recipe: Recipe, steps: int, device: torch.device, start: Weights | None = None
    ) -> TrainingState:
        """A state before the first step, with the weights of `start`, else seeded random ones.

        `steps` are those of the whole training. With initial weights and a distillation weight,
        the initial model is the teacher. Raises `TrainerError` as `load_model` does.
        """
        torch.manual_seed(recipe.seed)
        model = load_model(recipe, start) if start else build_model(recipe)
        model = model.to(device).to(memory_format=torch.channels_last)
        optimizer = OPTIMIZERS[recipe.optimizer](model.parameters(), recipe)
        distills = start and recipe.distillation_weight
        return cls(
            model=model,
            ema=_ema_of(model, recipe.ema_decay) if recipe.ema_decay else None,
            teacher=load_model(recipe, start).to(device).eval() if start and distills else None,
            optimizer=optimizer,
            scheduler=SCHEDULES[recipe.schedule](optimizer, recipe, steps),
            device=device,
        )

    @property
    def eval_model(self) -> nn.Module:
        """The model to validate and save: the EMA of the weights where there is one."""
        return self.ema.module if self.ema else self.model

    def update_ema(self) -> None:
        """Update the moving average after an optimizer step, if there is one."""
        if self.ema:
            self.ema.update_parameters(self.model)

    def record_validation(self, accuracy: float) -> bool:
        """Complete an epoch with its validation accuracy; return whether it is the best so far."""
        self.epoch += 1
        is_best = accuracy > self.best
        self.best = max(self.best, accuracy)
        self.epochs_since_best = 0 if is_best else self.epochs_since_best + 1
        return is_best

    def to_bytes(self) -> bytes:
        """A checkpoint: all tensors as safetensors, the rest as JSON.

        It holds no random state: each epoch's random numbers follow from its own seed.
        """
        optimizer = self.optimizer.state_dict()
        tensors = {f"model.{name}": tensor for name, tensor in self.model.state_dict().items()}
        if self.ema:
            tensors |= {f"average.{k}": v for k, v in self.ema.state_dict().items()}
        for index, moments in optimizer["state"].items():
            tensors |= {f"optimizer.{index}.{k}": v for k, v in moments.items() if v is not None}
        rest = {
            "epoch": self.epoch,
            "best": self.best,
            "epochs_since_best": self.epochs_since_best,
            "schedule": self.scheduler.state_dict(),
            "param_groups": optimizer["param_groups"],
        }
        return save(
            {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()},
            metadata={"state": json.dumps(rest)},
        )

    def restore(self, checkpoint: Path) -> None:
        """Continue from what `to_bytes` wrote.

        Raises `TrainerError` if the file cannot be read or belongs to another architecture.
        """
        try:
            with safe_open(checkpoint, "pt") as file:
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
                rest = json.loads(file.metadata()["state"])
            self.model.load_state_dict(_with_prefix(tensors, "model."))
            if self.ema:
                self.ema.load_state_dict(_with_prefix(tensors, "average."))
            moments: dict[int, dict[str, Tensor]] = {}
            for name, tensor in _with_prefix(tensors, "optimizer.").items():
                index, _, kind = name.partition(".")
                moments.setdefault(int(index), {})[kind] = tensor
            self.optimizer.load_state_dict({"state": moments, "param_groups": rest["param_groups"]})
            self.scheduler.load_state_dict(rest["schedule"])
            self.epoch, self.best = rest["epoch"], rest["best"]
            self.epochs_since_best = rest["epochs_since_best"]
        except (OSError, SafetensorError, RuntimeError, ValueError, KeyError) as error:
            reason = " ".join(str(error).split())
            raise TrainerError(f"{checkpoint} does not fit its run: {reason}") from error


def _with_prefix(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Those tensors whose names begin with a prefix, by their names without it."""
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}


def _ema_of(model: nn.Module, decay: float) -> AveragedModel:
    """A moving average of weights and buffers, with a smaller decay over the first steps."""

    def update(averages: Tensors, currents: Tensors, _steps: Tensor | int) -> None:
        steps = int(ema.n_averaged)  # on the CPU, so that reading it does not wait for the GPU
        weight = 1 - min(decay, (1 + steps) / (10 + steps))
        for average, current in zip(averages, currents, strict=True):
            if average.is_floating_point():
                average.lerp_(current, weight)
            else:  # batch norm's count of batches
                average.copy_(current)

    ema = AveragedModel(model, multi_avg_fn=update, use_buffers=True)
    return ema
