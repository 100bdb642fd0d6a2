"""The folders that the environment names."""

from __future__ import annotations

import os
from pathlib import Path


def home_folder() -> Path:
    """`INKLING_HOME`, or ./var."""
    return Path(os.environ.get("INKLING_HOME") or "var")


def data_folder() -> Path:
    """`INKLING_DATA`, or `data` in the home folder."""
    return Path(os.environ.get("INKLING_DATA") or home_folder() / "data")
