"""Former names of hyperparameters, accepted for one release.

They may occur on the command line, in TOML files, in the run.json of old runs and in the cards of
old bundles. Runs and cards will be read for good.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

V = TypeVar("V")

_CURRENT_NAMES = {
    "average_decay": "ema_decay",
    "normalise": "normalize",
    "no_normalise": "no_normalize",  # the option alone
    "remember": "distillation_weight",
    "settling": "weak_augmentation_fraction",
}


def with_current_names(values: Mapping[str, V]) -> dict[str, V]:
    """The same values, with former names replaced. A value under its current name wins."""
    renamed = {_CURRENT_NAMES.get(name, name): value for name, value in values.items()}
    return renamed | {name: values[name] for name in renamed.keys() & values.keys()}


def current_option(name: str) -> str:
    """The current name of an option, both in kebab case and without leading dashes."""
    python_name = name.replace("-", "_")
    return _CURRENT_NAMES.get(python_name, python_name).replace("_", "-")
