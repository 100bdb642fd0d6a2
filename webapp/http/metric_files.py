"""Files of the metrics, which can't kill their process when a disk is full.

prometheus_client maps a file for each worker into memory. It leaves the disk's blocks to be found
when a page is first written to; where none is left then, the kernel answers with SIGBUS. Here they
are allocated before anything is mapped, so that a full disk is an `OSError` like any other.
"""

from __future__ import annotations

import os
from contextlib import suppress

from prometheus_client import mmap_dict, values

_FIRST_SIZE = 1 << 16
"""Bytes; enough for some 400 values. The file doubles when they are used up."""


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
