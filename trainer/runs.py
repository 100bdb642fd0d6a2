"""A training run as a folder: what it was asked, what it measured, its last and best weights.

run.json            the command, the recipe and the data
metrics.jsonl       one line per epoch
last.safetensors    weights after the last whole epoch
best.safetensors    weights of the epoch that validation liked best
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import msgspec
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import nn

from trainer.atomic import write_file
from trainer.bundle import TrainingData
from trainer.errors import TrainerError
from trainer.training import EpochResult, Recipe, build


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a run was asked to do."""

    command: str
    recipe: Recipe
    data: list[TrainingData]
    validation: list[str]


class Run:
    """One run's folder. Every file is whole at every moment, whenever the process is killed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def start(cls, folder: Path, plan: Plan) -> Run:
        """Make the folder of a new run. Raises `TrainerError` where one stands already."""
        if (folder / "run.json").exists():
            raise TrainerError(f"{folder} holds a run already; choose another with --run")
        write_file(folder / "run.json", msgspec.json.format(msgspec.json.encode(plan)) + b"\n")
        return cls(folder)

    def plan(self) -> Plan:
        try:
            return msgspec.json.decode((self.folder / "run.json").read_bytes(), type=Plan)
        except (OSError, msgspec.DecodeError) as error:
            raise TrainerError(f"{self.folder} is not a run: {error}") from error

    def keep(self, result: EpochResult, model: nn.Module) -> None:
        """Add an epoch: its weights first, then its line, so that no line lacks its weights."""
        weights = weights_of(model)
        if result.best:
            write_file(self.folder / "best.safetensors", weights)
        write_file(self.folder / "last.safetensors", weights)
        with (self.folder / "metrics.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(result)) + "\n")

    def model(self, which: str = "best") -> nn.Module:
        """The model with its `best` or `last` weights, ready to answer."""
        path = self.folder / f"{which}.safetensors"
        model = build(self.plan().recipe.architecture)
        try:
            model.load_state_dict(load(path.read_bytes()))
        except FileNotFoundError:
            raise TrainerError(f"{self.folder} has no whole epoch yet") from None
        except (OSError, SafetensorError, RuntimeError) as error:
            raise TrainerError(f"{path} does not fit its run: {error}") from error
        return model.eval()


def weights_of(model: nn.Module) -> bytes:
    """Weights and buffers in the safetensors format."""
    tensors: Mapping = {k: v.detach().cpu().contiguous() for k, v in model.state_dict().items()}
    return save(dict(tensors))
