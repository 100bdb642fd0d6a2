"""Files of the metrics, which can't kill their process when a disk is full.

prometheus_client maps a file for each worker into memory. It leaves the disk's blocks to be found
when a page is first written to; where none is left then, the kernel answers with SIGBUS. Here they
are allocated before anything is mapped, so that a full disk is an `OSError` like any other.

A process leaves its files when it ends, since what it counted belongs to the sums. They are added
to one file of each kind, or else their number would grow with every worker.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from prometheus_client import mmap_dict, values

_FIRST_SIZE = 1 << 16
"""Bytes; enough for some 400 values. The file doubles when they are used up."""
_NAME = re.compile(r"(counter|histogram)_(\d+)\.db")


class AllocatedDict(mmap_dict.MmapedDict):
    """A mapped file of values whose blocks are all there."""

    def __init__(self, filename: str, read_mode: bool = False) -> None:
        if not read_mode:
            _allocate_new(filename)
        super().__init__(filename, read_mode)

    def _init_value(self, key: str) -> None:
        longest = len(key.encode()) + 32  # the key's padding, its length, value and time
        if self._used + longest > self._capacity:
            os.posix_fallocate(self._f.fileno(), 0, 2 * self._capacity)
        super()._init_value(key)


def install() -> None:
    """Let prometheus_client use such files. Call it before any metric is counted."""
    if hasattr(os, "posix_fallocate"):
        values.MmapedDict = AllocatedDict  # type: ignore[attr-defined]


@contextmanager
def unchanged(folder: Path) -> Iterator[None]:
    """Let no process merge the files of this folder meanwhile. Raises `OSError`."""
    with _locked(folder, fcntl.LOCK_SH):
        yield


def merge_ended(folder: Path) -> None:
    """Add up the files of processes that have ended, one sum for each kind, and remove them.

    Whatever it raises, as for a full disk or a damaged file, the files are as before.
    """
    with _locked(folder, fcntl.LOCK_EX):
        ended: dict[str, list[Path]] = {}
        for path in folder.iterdir():
            if (match := _NAME.fullmatch(path.name)) and _has_ended(int(match[2])):
                ended.setdefault(match[1], []).append(path)
        for kind, paths in ended.items():
            _merge(paths, folder / f"{kind}_ended.db")


def _merge(paths: list[Path], target: Path) -> None:
    sums: Counter[str] = Counter()
    for path in (*paths, target):
        with suppress(FileNotFoundError):  # the target, at first
            for key, value, *_ in AllocatedDict.read_all_values_from_file(str(path)):
                sums[key] += value
    new = target.with_suffix(".new")
    new.unlink(missing_ok=True)
    file = AllocatedDict(str(new))
    try:
        for key, value in sums.items():
            file.write_value(key, value, 0.0)
    finally:
        file.close()
    for path in paths:  # before the sum is there: a process that is killed here doubles no count
        path.unlink()
    new.replace(target)


@contextmanager
def _locked(folder: Path, how: int) -> Iterator[None]:
    with (folder / "lock").open("a") as lock:
        fcntl.flock(lock, how)
        yield


def _has_ended(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:  # another one's, which has the number now
        return False
    return False


def _allocate_new(filename: str) -> None:
    with open(filename, "ab") as file:
        if file.tell():
            return
        try:
            os.posix_fallocate(file.fileno(), 0, _FIRST_SIZE)
        except OSError:
            with suppress(OSError):  # nobody could read an empty one
                os.remove(filename)
            raise
