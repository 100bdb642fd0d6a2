"""Where a worker trains: in its host's home folder, which need not exist, or else elsewhere."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile

log = logging.getLogger(__name__)


@contextmanager
def writable_home(home: Path) -> Iterator[Path]:
    """The home folder or, if it cannot be written, a temporary one with the same data sets.

    What is rendered there is not kept beyond the block.
    """
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        with TemporaryFile(dir=home):
            pass
    except OSError as error:
        log.warning("training in a temporary folder, as the home folder is read-only: %s", error)
        with TemporaryDirectory(prefix="inkling-worker-") as name:
            (Path(name) / "data").symlink_to((home / "data").absolute())
            yield Path(name)
    else:
        yield home
