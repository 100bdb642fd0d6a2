"""The figures that the texts name. Each module here has `figures()`, by name as a text says it."""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module


@cache
def all_figures() -> dict[str, str]:
    """Every figure as English writes it, `98.97 %` or `61,706`, by its name."""
    found: dict[str, str] = {}
    for module in pkgutil.iter_modules(__path__):
        found |= import_module(f"{__name__}.{module.name}").figures()
    return found
