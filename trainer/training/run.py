"""A training run as a folder: its plan, its metrics, its last and best weights.

run.json                the command, the recipe and the data
start.safetensors       the initial weights, where they were not random
metrics.jsonl           one line per epoch
best.safetensors        weights of the epoch with the highest validation accuracy
last.safetensors        weights after the last complete epoch
checkpoint.safetensors  the state to resume from: weights, optimizer, schedule
tensorboard/            the metrics again, as TensorBoard's event files
"""

from __future__ import annotations

import json
import shlex
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
from trainer.recognition.bundle import NumberCalibration, TrainingData
from trainer.training.callbacks import Callback
from trainer.training.checkpoint import TrainingState
from trainer.training.metrics import EpochResult
from trainer.training.model import Weights, load_model
from trainer.training.recipe import Recipe
from trainer.training.renamed import with_current_names

WhichEpoch = Literal["best", "last"]

_CHECKPOINT = "checkpoint.safetensors"
_START = "start.safetensors"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingPlan:
    """The command, recipe and data that a run was started with."""

    command: str
    recipe: Recipe
    data: list[TrainingData]
    validation: list[str]
    test: list[str] = field(default_factory=list)  # measured besides those of data and validation
    learn_validation: bool = True
    which: WhichEpoch = "best"  # the epoch whose weights make the bundle
    numbers: NumberCalibration | None = None  # of the bundle that the run starts from
    tests: bool = True  # whether its bundle is measured on test splits
    processes: int | None = None  # that train together; earlier releases did not store it


class TrainingRun:
    """The folder of a run. All files are written atomically, so a kill leaves none incomplete."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def exists(self) -> bool:
        """Whether the run was started, and so can be resumed."""
        return (self.folder / "run.json").exists()

    def must_be_new(self) -> None:
        """Raise `TrainerError` if the folder contains a run already."""
        if self.exists:
            raise TrainerError(f"{self.folder} holds a run already; choose another with --folder")

    def start(self, plan: TrainingPlan, weights: bytes | None = None) -> None:
        """Create the folder of a new run; `weights` are initial ones in the safetensors format.

        Raises `TrainerError` if the folder contains a run already or cannot be written.
        """
        self.must_be_new()
        try:
            if weights is not None:
                write_file(self.folder / _START, weights)
            self._write_plan(plan)
        except OSError as error:
            reason = error.strerror or error
            raise TrainerError(f"cannot write a run to {self.folder} ({reason})") from error

    def plan(self) -> TrainingPlan:
        """Read run.json, also with former names of fields. Raises `TrainerError`."""
        try:
            content = msgspec.json.decode((self.folder / "run.json").read_bytes(), type=dict)
            recipe = msgspec.convert(content.get("recipe"), dict[str, object])
            content["recipe"] = with_current_names(recipe)
            return msgspec.convert(content, TrainingPlan)
        except (OSError, msgspec.DecodeError) as error:
            raise TrainerError(f"{self.folder} is not a run: {error}") from error

    def metrics(self) -> list[EpochResult]:
        """The metrics of each complete epoch. Raises `TrainerError` for a line that is invalid."""
        file = self.folder / "metrics.jsonl"
        try:
            lines = file.read_bytes().splitlines() if file.exists() else []
            return [msgspec.json.decode(line, type=EpochResult) for line in lines]
        except (OSError, msgspec.DecodeError) as error:
            raise TrainerError(f"{file}: {error}") from error

    def how_to_resume(self, processes: int) -> str:
        """The command that continues the run in so many processes."""
        launch = f"torchrun --nproc-per-node={processes}" if processes > 1 else "python"
        return f"{launch} -m trainer train --resume {shlex.quote(str(self.folder))}"

    @property
    def checkpoint(self) -> Path | None:
        """The checkpoint to continue from; None before the first complete epoch."""
        path = self.folder / _CHECKPOINT
        return path if path.exists() else None

    def save_epoch(self, result: EpochResult, state: TrainingState) -> None:
        """Write an epoch's weights and metrics, and last its checkpoint.

        If the process is killed in between, the run continues from the epoch before, and these
        files are written again. Raises `TrainerError` if the disk is full; earlier epochs stay.
        """
        weights = weights_of(state.eval_model)
        earlier = [each for each in self.metrics() if each.epoch < result.epoch]
        try:
            if result.best:
                write_file(self.folder / "best.safetensors", weights)
            write_file(self.folder / "last.safetensors", weights)
            write_file(self.folder / "metrics.jsonl", _lines([*earlier, result]))
            write_file(self.folder / _CHECKPOINT, state.to_bytes())
        except OSError as error:
            raise TrainerError(
                f"epoch {result.epoch} could not be saved in {self.folder} "
                f"({error.strerror or error}); the epochs before it are complete"
            ) from error

    def change_epochs(self, epochs: int) -> TrainingPlan:
        """Change the number of epochs in the plan, and return it."""
        plan = self.plan()
        plan = replace(plan, recipe=replace(plan.recipe, epochs=epochs))
        self._write_plan(plan)
        return plan

    def initial_weights(self) -> Weights | None:
        """The initial weights; None if they were random. Raises `TrainerError` if damaged."""
        return self._weights(_START) if self.plan().recipe.start_from else None

    def model(self, which: WhichEpoch = "best") -> nn.Module:
        """The model with its best or last weights, in evaluation mode.

        Raises `TrainerError` if no epoch is complete, or if the weights do not fit.
        """
        if self.checkpoint is None:
            raise TrainerError(f"{self.folder} has no complete epoch yet")
        return load_model(self.plan().recipe, self._weights(f"{which}.safetensors")).eval()

    def epoch(self, which: WhichEpoch) -> int:
        """The number of the best or last complete epoch. Raises `TrainerError` if there is none."""
        complete = [each for each in self.metrics() if which == "last" or each.best]
        if not complete:
            raise TrainerError(f"{self.folder} has no complete epoch yet")
        return complete[-1].epoch

    def _weights(self, name: str) -> Weights:
        path = self.folder / name
        try:
            return load(path.read_bytes())
        except (OSError, SafetensorError) as error:
            raise TrainerError(f"{path} does not fit its run: {error}") from error

    def _write_plan(self, plan: TrainingPlan) -> None:
        content = msgspec.json.format(msgspec.json.encode(plan)) + b"\n"
        write_file(self.folder / "run.json", content)


class SaveEpochs(Callback):
    """Saves each epoch's weights, metrics and checkpoint in a run's folder."""

    def __init__(self, run: TrainingRun) -> None:
        self._run = run

    def on_epoch_end(self, result: EpochResult, state: TrainingState) -> None:
        self._run.save_epoch(result, state)


def _lines(results: Iterable[EpochResult]) -> bytes:
    return "".join(json.dumps(asdict(result)) + "\n" for result in results).encode()


def weights_of(model: nn.Module, half: bool = False) -> bytes:
    """Parameters and buffers in the safetensors format; with `half`, parameters as float16."""
    tensors = {k: v.detach().cpu().contiguous() for k, v in model.state_dict().items()}
    if half:
        tensors |= {name: tensors[name].half() for name, _ in model.named_parameters()}
    return save(tensors)
