"""Caches rendered samples in the home folder."""

from __future__ import annotations

import ast
import hashlib
import io
import zipfile
import zlib
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import PIL

from trainer.atomic import write_file
from trainer.data.samples import Samples
from trainer.paths import home_folder

_UNREADABLE = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error)

_PER_NAME = 3
"""Entries of one name that are kept: a training split for other sizes or seeds."""

_OPTIONAL = ("rows", "writers")
"""Arrays that samples may lack."""

_PACKAGE = Path(__file__).resolve().parents[1]
_MADE_BY = ("data", "recognition")
"""The folders of the trainer whose code makes samples; imports lead to nothing above them."""


def cached(
    name: str, files: Iterable[Path], make: Callable[[], Samples], settings: object = None
) -> Samples:
    """Return cached samples, or make and cache them.

    An entry, `cache/NAME-KEY.npz`, is valid for the same content of `files`, `settings` (by their
    repr), code, and versions of the libraries that draw. The newest three entries of a name are
    kept. A failure to write one is ignored.
    """
    contents = [_sha256(each) for each in files]
    key = hashlib.sha256(repr((_code(), _versions(), contents, settings)).encode()).hexdigest()
    folder = home_folder() / "cache"
    file = folder / f"{name}-{key[:16]}.npz"
    with suppress(*_UNREADABLE), np.load(file) as stored:
        if stored["key"] == key:
            optional = {each: stored[each] for each in _OPTIONAL if each in stored}
            return Samples(stored["images"], stored["labels"], **optional)
    samples = make()
    content = io.BytesIO()
    arrays = {each: getattr(samples, each) for each in ("images", "labels", *_OPTIONAL)}
    known = {each: array for each, array in arrays.items() if array is not None}
    np.savez_compressed(content, key=key, **known)
    with suppress(OSError):  # samples can be made again
        write_file(file, content.getvalue())
        _remove_oldest(folder, name)
    return samples


def _remove_oldest(folder: Path, name: str) -> None:
    entries = folder.glob(f"{name}-{'[0-9a-f]' * 16}.npz")
    for each in sorted(entries, key=lambda entry: entry.stat().st_mtime_ns)[:-_PER_NAME]:
        each.unlink(missing_ok=True)


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _versions() -> tuple[str, ...]:
    """Versions of the libraries that draw, resize and decode: their pixels differ slightly."""
    return cv2.__version__, np.__version__, PIL.__version__


@cache
def _code() -> str:
    """A hash of the code and tables that make samples, without docstrings and comments."""
    digest = hashlib.sha256()
    for file in sorted(each for folder in _MADE_BY for each in (_PACKAGE / folder).rglob("*")):
        if file.suffix == ".py":
            digest.update(_without_docstrings(file.read_text(encoding="utf-8")).encode())
        elif file.suffix == ".json":
            digest.update(file.read_bytes())
    return digest.hexdigest()


def _without_docstrings(source: str) -> str:
    """What Python code does: the same text for code that differs in comments and docstrings."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [each for each in body if not _is_text(each)]  # type: ignore[attr-defined]
    return ast.dump(tree)


def _is_text(node: ast.AST) -> bool:
    """Whether a statement is a text alone: a docstring, or that of an attribute."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )
