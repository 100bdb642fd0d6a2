"""Atomic writes: neither a reader nor a crash ever sees a partially written file or folder."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path


def write_file(path: Path, content: bytes) -> None:
    """Write a file atomically: to a temporary file in the same folder, which is then renamed.

    Creates missing folders, and replaces a file that exists. Raises `OSError` if that fails.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def write_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write a folder of files (content by name) to a temporary folder, and rename it.

    An existing folder is replaced, with all that is in it: callers check what that is. It is moved
    aside first, so for an instant there is no folder, but never a partial one. Of a symbolic link,
    the folder that it leads to is replaced. Raises `OSError` if that fails; the old folder is then
    restored.
    """
    folder = folder.resolve()
    folder.parent.mkdir(parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    old = new.with_name(new.name + ".old")
    try:
        for name, content in files.items():
            write_file(new / name, content)
        os.chmod(new, 0o755)  # noqa: S103 - the usual mode; mkdtemp makes folders private
        if folder.exists():
            os.rename(folder, old)
        try:
            os.rename(new, folder)
        except BaseException:
            if old.exists():
                os.rename(old, folder)
            raise
    finally:
        shutil.rmtree(new, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
