"""Recipes by name: each a TOML file here, whose keys are the options of `python -m trainer train`.

A new one joins by one new file.
"""

from __future__ import annotations

from pathlib import Path

from trainer.errors import TrainerError
from trainer.registry import hint

_FOLDER = Path(__file__).parent


def presets() -> list[str]:
    """Names of the recipes that come with Inkling."""
    return sorted(path.stem for path in _FOLDER.glob("*.toml"))


def preset(name: str) -> Path:
    """The file of a recipe. Raises `TrainerError` for a name that is none."""
    if name not in presets():
        raise TrainerError(f"there is no preset {name!r}; {hint(name, presets())}")
    return _FOLDER / f"{name}.toml"
