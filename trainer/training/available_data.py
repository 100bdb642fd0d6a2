"""Chooses the training, validation and test data of a retraining from what this machine has."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from trainer.data.datasets import FROZEN, VALIDATION_PREFERENCE
from trainer.data.source import Source

_CORRECTIONS_SIZE = 1200
"""Samples of corrections per epoch; each drawing is rendered in several styles."""

_REPLAY_WITHOUT_DATA = ("synthetic:5000", "scribbles:800")
"""Replayed if no data set of real drawings is available."""

_GENERATED = ("synthetic", "scribbles")
_NON_DIGITS = ("letters", "scribbles", "symbols", "fragments")


@dataclass(frozen=True, slots=True)
class DataPlan:
    """The data sets to train, validate and test on, and those that are not available."""

    sources: list[Source]
    validation: str
    test: list[str]
    missing: list[str]

    @property
    def used(self) -> list[str]:
        """Names of the data sets to learn from."""
        return [source.name for source in self.sources]


def validation_set(names: Collection[str]) -> str:
    """The best of these data sets to validate and calibrate on; by default the synthetic one."""
    return next(
        (name for name in VALIDATION_PREFERENCE if name in names), VALIDATION_PREFERENCE[-1]
    )


def plan_data(
    recipe: Sequence[Source],
    *,
    only: Collection[str] | None = None,
    corrections: Path | None = None,
    continues: bool = True,
    digits_only: bool = False,
    available: Callable[[Source], bool] = lambda source: source.is_here,
) -> DataPlan:
    """Plan a retraining with the data of a recipe and a folder of corrections.

    `only` names the data sets to train on instead of all the recipe's; they are used even if not
    available, so that loading them reports the reason. `continues`: training continues from a
    bundle's weights, and the recipe's data is a replay. `digits_only`: the architecture has no
    class for non-digits. If no real drawings are available, synthetic digits are replayed.
    """
    recipe = [each for each in recipe if not (digits_only and each.name in _NON_DIGITS)]
    sources, missing = _from_recipe(recipe, only, available)
    further = set(only or ()) - {source.name for source in recipe} - {"corrections"}
    if continues:  # the replay has enough of them
        further -= {"synthetic"}
    sources += [Source(name) for name in sorted(further)]
    if all(source.name in _GENERATED for source in sources):
        names = {source.name for source in sources}
        in_recipe = {source.name for source in recipe} | {"synthetic"}
        replay = [Source.parse(text) for text in _REPLAY_WITHOUT_DATA]
        sources += [each for each in replay if each.name in in_recipe - names]
    validation = validation_set({source.name for source in sources})
    if corrections and (only is None or "corrections" in only):
        sources.append(Source("corrections", _CORRECTIONS_SIZE, corrections))
    test = [name for name in FROZEN if name not in _NON_DIGITS and available(Source(name))]
    return DataPlan(sources, validation, test, missing)


def _from_recipe(
    recipe: Sequence[Source], only: Collection[str] | None, available: Callable[[Source], bool]
) -> tuple[list[Source], list[str]]:
    """The recipe's data to learn from, and the names of what is not available."""
    sources, missing = [], []
    for source in recipe:
        # Letters come with people's digits, scribbles with anything.
        kin = {"letters": "strokes"}.get(source.name, source.name)
        is_named = only is not None and kin in only
        if not (only is None or is_named or source.name == "scribbles"):
            continue
        if available(source) or (is_named and kin == source.name):
            sources.append(source)
        else:
            missing.append(source.name)
    return sources, missing
