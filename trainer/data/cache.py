"""Caches rendered samples in the home folder."""

from __future__ import annotations

import hashlib
import io
import zipfile
import zlib
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path

import numpy as np

from trainer.atomic import write_file
from trainer.data.samples import Samples
from trainer.paths import home_folder

_UNREADABLE = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error)


def cached(name: str, files: Iterable[Path], make: Callable[[], Samples]) -> Samples:
    """Return cached samples, or make and cache them.

    The cache, `cache/NAME.npz`, is valid as long as `files` (path, size and modification time) and
    the trainer's code are unchanged. A failure to write it is ignored.
    """
    file = home_folder() / "cache" / f"{name}.npz"
    stats = [(str(each.absolute()), each.stat().st_size, each.stat().st_mtime_ns) for each in files]
    key = hashlib.sha256(repr((_code(), stats)).encode()).hexdigest()
    with suppress(*_UNREADABLE), np.load(file) as arrays:
        if arrays["key"] == key:
            return Samples(arrays["pixels"], arrays["labels"])
    samples = make()
    content = io.BytesIO()
    np.savez_compressed(content, key=key, pixels=samples.pixels, labels=samples.labels)
    with suppress(OSError):  # samples can be made again
        write_file(file, content.getvalue())
    return samples


@cache
def _code() -> str:
    """A hash of the trainer's code, any part of which may affect the samples."""
    package = Path(__file__).resolve().parents[1]
    texts = [path.read_bytes() for path in sorted(package.rglob("*.py"))]
    return hashlib.sha256(b"".join(texts)).hexdigest()
