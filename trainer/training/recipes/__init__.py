"""Recipes by name: each a TOML file here, whose keys are the options of `python -m trainer train`.

A new one joins by one new file.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from trainer.errors import TrainerError
from trainer.registry import hint

OF_ARCHITECTURES = ("cell", "hidden", "layers", "bidirectional", "dropout")
"""Options that only some architectures take."""

_FOLDER = Path(__file__).parent


def presets() -> list[str]:
    """Names of the recipes that come with Inkling."""
    return sorted(path.stem for path in _FOLDER.glob("*.toml"))


def preset(name: str) -> Path:
    """The file of a recipe. Raises `TrainerError` for a name that is none."""
    if name not in presets():
        raise TrainerError(f"there is no preset {name!r}; {hint(name, presets())}")
    return _FOLDER / f"{name}.toml"


def read_options(file: Path) -> dict[str, Any]:
    """The options in a recipe's file, by their names in Python. Raises `TrainerError`."""
    try:
        values = tomllib.loads(file.read_text())
    except (OSError, ValueError) as error:
        raise TrainerError(f"{file}: {error}") from error
    return {key.replace("-", "_"): value for key, value in values.items()}
