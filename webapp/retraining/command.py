"""The trainer's commands for a run: what a person would type."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from trainer.data.datasets import FROZEN
from trainer.data.source import Source
from trainer.training.recipes import preset, read_options
from webapp.retraining.options import REFINE, RetrainingOptions

_TRAINER = [sys.executable, "-m", "trainer"]
PREPARATION = [*_TRAINER, "data", "prepare"]
"""The command that makes ready what every training is measured by."""

_CORRECTIONS = 1200
"""Pictures of them in each epoch, every drawing again and again in other looks."""

_REPLAY_WITHOUT_DATA = ["synthetic:5000", "scribbles:800"]
"""In place of people's drawings, where none are on the machine."""

_MADE = ("synthetic", "scribbles")
_NO_DIGITS = ("letters", "scribbles")
_EVERY = "0.5"
"""Seconds between two signs of progress."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The command that trains, the data that it learns from, and those that it would have."""

    command: list[str]
    used: list[str]
    lacked: list[str]
    soft_targets: bool


def plan_of(wishes: RetrainingOptions, folder: Path, active: Path, has_corrections: bool) -> Plan:
    """The plan of a new run in this folder, beside the bundle that is active.

    Its command stands in the card of what it makes, for all to see, so paths are best relative.
    Corrections are in the folder's `corrections`. Raises `TrainerError` for a preset that cannot be
    read.
    """
    refines = wishes.start == "current"
    recipe = REFINE if refines else wishes.preset or "inkling"
    options = read_options(preset(recipe))
    recipe_sources = [Source.parse(text) for text in options["data"]]
    if wishes.architecture not in {None, options.get("architecture")}:
        # Another architecture may have no class for what is not a digit.
        recipe_sources = [each for each in recipe_sources if each.name not in _NO_DIGITS]
    sources, lacked = _sources(wishes, recipe_sources)
    used = [source.name for source in sources]
    if has_corrections and (wishes.data is None or "corrections" in wishes.data):
        sources.append(Source("corrections", _CORRECTIONS, folder / "corrections"))
        used.append("corrections")
    judges = _judges(used)
    command = [*_TRAINER, "train", "--preset", recipe]
    if refines:
        command += ["--start-from", str(active)]
    if wishes.architecture:
        command += ["--architecture", wishes.architecture]
    for source in sources:
        command += ["--data", str(source)]
    for name in judges:
        command += ["--validate", name]
    for name in FROZEN:
        if name not in _NO_DIGITS and Source(name).is_here:
            command += ["--test", name]
    if wishes.epochs:
        command += ["--epochs", str(wishes.epochs)]
    if wishes.learning_rate:
        command += ["--learning-rate", str(wishes.learning_rate)]
    command += ["--seed", str(wishes.seed), "--folder", str(folder), "--json", "--every", _EVERY]
    return Plan(command, used, lacked, soft_targets=refines)


def resumption_of(folder: Path) -> list[str]:
    """The command that goes on with a run where its last checkpoint is."""
    return [*_TRAINER, "train", "--resume", str(folder), "--json", "--every", _EVERY]


def comparison_of(active: Path, new: Path, held_back: Path | None) -> list[str]:
    """The command that measures both bundles on what never changes and what is held back."""
    names = [*FROZEN, *([f"corrections:{held_back}"] if held_back else [])]
    data = [argument for name in names for argument in ("--data", name)]
    return [*_TRAINER, "compare", str(active), str(new), *data, "--json"]


def _sources(wishes: RetrainingOptions, recipe: list[Source]) -> tuple[list[Source], list[str]]:
    """What to learn from besides corrections, and what is not there of it.

    What was named is taken even where it is not there: then the trainer says so.
    """
    named = None if wishes.data is None else set(wishes.data)
    sources, lacked = [], []
    for source in recipe:
        # Letters come with people's digits, scribbles with anything.
        kin = {"letters": "strokes"}.get(source.name, source.name)
        wanted = named is None or kin in named or source.name == "scribbles"
        if wanted and (source.is_here or (named is not None and kin == source.name)):
            sources.append(source)
        elif wanted:
            lacked.append(source.name)
    further = (named or set()) - {source.name for source in recipe} - {"corrections"}
    if wishes.start == "current":  # of which the replay has enough
        further -= {"synthetic"}
    sources += [Source(name) for name in sorted(further)]
    if all(source.name in _MADE for source in sources):
        kept = {source.name for source in sources}
        known = {source.name for source in recipe} | {"synthetic"}
        made = [Source.parse(text) for text in _REPLAY_WITHOUT_DATA]
        sources += [each for each in made if each.name in known - kept]
    return sources, lacked


def _judges(used: list[str]) -> list[str]:
    """The data set whose validation part calibrates: the nearest to what people draw."""
    for name in ("strokes", "mnist"):
        if name in used:
            return [name]
    return ["synthetic"]
