"""The secret key that signs sessions and predictions, shared by all processes."""

from __future__ import annotations

import logging
import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path

log = logging.getLogger(__name__)


def secret_key(given: str, home: Path) -> str:
    """The given key, else the one stored in the home folder, which the first process creates."""
    if given:
        return given
    file = home / "secret_key"
    try:
        home.mkdir(parents=True, exist_ok=True)
        if not file.exists():
            _write_first(file, secrets.token_hex(32))
        return file.read_text()
    except OSError as error:
        log.warning("the secret key cannot be stored: %s; sessions end with the process", error)
        return secrets.token_hex(32)


def _write_first(file: Path, secret: str) -> None:
    """Write the file atomically, readable by its owner only, unless another process was first."""
    descriptor, name = tempfile.mkstemp(dir=file.parent)  # mode 0600
    try:
        with os.fdopen(descriptor, "w") as part:
            part.write(secret)
        with suppress(FileExistsError):
            os.link(name, file)
    finally:
        os.unlink(name)
