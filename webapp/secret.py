"""The secret that signs sessions and answers, shared by all processes of an installation."""

from __future__ import annotations

import logging
import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path

log = logging.getLogger(__name__)


def secret_key(given: str, home: Path) -> str:
    """The one given; else that in the home folder, which the first process to ask makes there."""
    if given:
        return given
    file = home / "secret_key"
    try:
        home.mkdir(parents=True, exist_ok=True)
        if not file.exists():
            _write_first(file, secrets.token_hex(32))
        return file.read_text()
    except OSError as error:
        log.warning("no secret key is kept: %s; sessions end with the process", error)
        return secrets.token_hex(32)


def _write_first(file: Path, secret: str) -> None:
    """Write it whole, for the owner alone, unless another process was first."""
    descriptor, name = tempfile.mkstemp(dir=file.parent)  # mode 0600
    try:
        with os.fdopen(descriptor, "w") as part:
            part.write(secret)
        with suppress(FileExistsError):
            os.link(name, file)
    finally:
        os.unlink(name)
