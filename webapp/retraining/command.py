"""Builds the trainer's command lines for a run, as a person would type them."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from webapp.retraining.options import RetrainingOptions

_TRAINER = [sys.executable, "-m", "trainer"]
PREPARE_DATA = [*_TRAINER, "data", "prepare"]
"""Renders and caches the validation split and the gate parts."""

_AS_RUN = ["--no-tests", "--json", "--every", "0.5"]
"""Test splits are for reports of what is released; looked at in each run, they would choose."""


def retrain(
    options: RetrainingOptions, folder: Path, active: Path, corrections: Path | None
) -> list[str]:
    """The command of a new run in this folder.

    `active` is the bundle to continue from, unless the run starts from scratch. The command is
    stored in the new model's card, which is public, so paths should be relative.
    """
    command = [*_TRAINER, "retrain"]
    if options.start == "current":
        command += ["--start-from", str(active)]
    if options.preset:
        command += ["--preset", options.preset]
    if options.architecture:
        command += ["--architecture", options.architecture]
    if corrections:
        command += ["--corrections", str(corrections)]
    for name in options.data or []:
        command += ["--only", name]
    if options.epochs:
        command += ["--epochs", str(options.epochs)]
    if options.learning_rate:
        command += ["--learning-rate", str(options.learning_rate)]
    return [*command, "--seed", str(options.seed), "--folder", str(folder), *_AS_RUN]


def resume(folder: Path) -> list[str]:
    """The command that continues a run from its last checkpoint."""
    return [*_TRAINER, "train", "--resume", str(folder), *_AS_RUN]


def compare(others: Sequence[Path], new: Path, corrections: Path | None) -> list[str]:
    """The command that compares a bundle with others on the gate parts and held-out corrections."""
    held_back = ["--corrections", str(corrections)] if corrections else []
    return [*_TRAINER, "compare", *map(str, others), str(new), *held_back, "--json"]


def watch(mistake: str, seed: int) -> list[str]:
    """The command that trains a recipe of the trainer's `mistakes/`, and keeps nothing."""
    return [*_TRAINER, "watch", f"mistakes/{mistake}", "--seed", str(seed), "--json"]


def as_typed(command: Sequence[str]) -> str:
    """A command line as a person would type it."""
    return shlex.join(["python", *command[1:]])
