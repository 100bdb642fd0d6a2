"""Recipes by name: each is a TOML file here, whose keys are options of `python -m trainer train`.

Those in `mistakes/` are one small recipe with a mistake that tutorials make, and `mistakes/none`
without. To add one, add its file. Importing this module does not import torch.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from trainer.errors import TrainerError
from trainer.registry import hint
from trainer.training.renamed import with_current_names

_FOLDER = Path(__file__).parent


def presets() -> list[str]:
    """Names of the recipes that come with Inkling."""
    return sorted(
        str(path.relative_to(_FOLDER).with_suffix("").as_posix())
        for path in _FOLDER.rglob("*.toml")
    )


def preset(name: str) -> Path:
    """The file of a recipe. Raises `TrainerError` for an unknown name."""
    if name not in presets():
        raise TrainerError(f"there is no preset {name!r}; {hint(name, presets())}")
    return _FOLDER / f"{name}.toml"


def read_options(file: Path) -> dict[str, Any]:
    """The options in a TOML file by their Python names; former names become current ones.

    Raises `TrainerError` for a file that cannot be read or is not TOML.
    """
    try:
        values = tomllib.loads(file.read_text())
    except (OSError, ValueError) as error:
        raise TrainerError(f"{file}: {error}") from error
    return with_current_names({key.replace("-", "_"): value for key, value in values.items()})
