"""A training run as a folder: what it was asked, what it measured, its last and best weights.

run.json                the command, the recipe and the data
start.safetensors       the weights that it began with, where they were not random
metrics.jsonl           one line per epoch
best.safetensors        weights of the epoch that validation liked best
last.safetensors        weights after the last whole epoch
checkpoint.safetensors  all that training goes on from: weights, optimiser, schedule, random state
tensorboard/            the metrics again, as TensorBoard's event files
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Literal

import msgspec
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import nn

from trainer.atomic import write_file
from trainer.errors import TrainerError
from trainer.recognition.bundle import TrainingData
from trainer.training.checkpoint import State
from trainer.training.loop import EpochResult
from trainer.training.recipe import Recipe, Weights, load_model

_CHECKPOINT = "checkpoint.safetensors"
_START = "start.safetensors"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a run was asked to do."""

    command: str
    recipe: Recipe
    data: list[TrainingData]
    validation: list[str]
    test: list[str] = field(default_factory=list)  # measured beside those of data and validation
    learn_validation: bool = True
    which: Literal["best", "last"] = "best"  # epoch that makes the bundle


class Run:
    """One run's folder. Every file is whole at every moment, whenever the process is killed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def must_be_new(self) -> None:
        """Raise `TrainerError` where a run stands already."""
        if (self.folder / "run.json").exists():
            raise TrainerError(f"{self.folder} holds a run already; choose another with --folder")

    def start(self, plan: Plan, weights: bytes | None = None) -> None:
        """Make the folder of a new run, which begins with these weights or with random ones.

        Raises `TrainerError` where one stands already, or the disk takes no more.
        """
        self.must_be_new()
        try:
            if weights is not None:
                write_file(self.folder / _START, weights)
            self._write_plan(plan)
        except OSError as error:
            reason = error.strerror or error
            raise TrainerError(f"no run can be kept in {self.folder} ({reason})") from error

    def plan(self) -> Plan:
        try:
            return msgspec.json.decode((self.folder / "run.json").read_bytes(), type=Plan)
        except (OSError, msgspec.DecodeError) as error:
            raise TrainerError(f"{self.folder} is not a run: {error}") from error

    def metrics(self) -> list[EpochResult]:
        """What each whole epoch measured. Raises `TrainerError` for a line that is none."""
        file = self.folder / "metrics.jsonl"
        try:
            lines = file.read_bytes().splitlines() if file.exists() else []
            return [msgspec.json.decode(line, type=EpochResult) for line in lines]
        except (OSError, msgspec.DecodeError) as error:
            raise TrainerError(f"{file}: {error}") from error

    @property
    def checkpoint(self) -> Path | None:
        """What training goes on from, where an epoch was whole."""
        path = self.folder / _CHECKPOINT
        return path if path.exists() else None

    def keep(self, result: EpochResult, state: State) -> None:
        """Add an epoch: what it measured, its weights, and last what training goes on from.

        Killed in between, the run goes on from the epoch before, and these are written again.
        Raises `TrainerError` where the disk takes no more; what was kept before stays whole.
        """
        weights = weights_of(state.answering)
        earlier = [each for each in self.metrics() if each.epoch < result.epoch]
        try:
            if result.best:
                write_file(self.folder / "best.safetensors", weights)
            write_file(self.folder / "last.safetensors", weights)
            write_file(self.folder / "metrics.jsonl", _lines([*earlier, result]))
            write_file(self.folder / _CHECKPOINT, state.to_bytes())
        except OSError as error:
            raise TrainerError(
                f"epoch {result.epoch} could not be kept in {self.folder} "
                f"({error.strerror or error}); the epochs before it are whole"
            ) from error

    def lengthen(self, epochs: int) -> Plan:
        """Plan for another number of epochs."""
        plan = self.plan()
        plan = replace(plan, recipe=replace(plan.recipe, epochs=epochs))
        self._write_plan(plan)
        return plan

    def started_from(self) -> Weights | None:
        """The weights that it began with; None where they were random."""
        return self._weights(_START) if self.plan().recipe.start_from else None

    def model(self, which: str = "best") -> nn.Module:
        """The model with its `best` or `last` weights, ready to answer."""
        if self.checkpoint is None:
            raise TrainerError(f"{self.folder} has no whole epoch yet")
        return load_model(self.plan().recipe, self._weights(f"{which}.safetensors")).eval()

    def _weights(self, name: str) -> Weights:
        path = self.folder / name
        try:
            return load(path.read_bytes())
        except (OSError, SafetensorError) as error:
            raise TrainerError(f"{path} does not fit its run: {error}") from error

    def _write_plan(self, plan: Plan) -> None:
        content = msgspec.json.format(msgspec.json.encode(plan)) + b"\n"
        write_file(self.folder / "run.json", content)


def _lines(results: Iterable[EpochResult]) -> bytes:
    return "".join(json.dumps(asdict(result)) + "\n" for result in results).encode()


def weights_of(model: nn.Module, half: bool = False) -> bytes:
    """Weights and buffers in the safetensors format; parameters in half precision if so wished."""
    tensors = {k: v.detach().cpu().contiguous() for k, v in model.state_dict().items()}
    if half:
        tensors |= {name: tensors[name].half() for name, _ in model.named_parameters()}
    return save(tensors)
