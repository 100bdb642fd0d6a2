"""Folders, as set by environment variables."""

from __future__ import annotations

import os
from pathlib import Path


def home_folder() -> Path:
    """The folder for runs, models and caches: `INKLING_HOME`, by default ./var."""
    return Path(os.environ.get("INKLING_HOME") or "var")


def data_folder() -> Path:
    """The folder of data sets: `INKLING_DATA`, by default `data` in the home folder."""
    return Path(os.environ.get("INKLING_DATA") or home_folder() / "data")
