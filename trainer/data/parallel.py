"""Distributes work over all CPU cores, in spawned processes: torch does not survive a fork."""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import os
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any, TypeVar

import cv2

T = TypeVar("T")

_CHUNK_SIZE = 250  # indices per task

_work: Callable[[range], Any] | None = None  # set in child processes


def in_chunks(work: Callable[[range], T], count: int) -> list[T]:
    """Call `work` on consecutive chunks of `range(count)`, and return its results in order.

    Small counts are processed in this process; larger ones in child processes, to which `work` is
    pickled.
    """
    chunks = [
        range(start, min(start + _CHUNK_SIZE, count)) for start in range(0, count, _CHUNK_SIZE)
    ]
    if len(chunks) <= 2:
        return [work(chunk) for chunk in chunks]
    with ProcessPoolExecutor(
        max_workers=len(os.sched_getaffinity(0)),
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_start,
        initargs=(work,),
    ) as pool:
        return list(pool.map(_do, chunks))


def _start(work: Callable[[range], Any]) -> None:
    global _work  # noqa: PLW0603
    _work = work
    cv2.setNumThreads(1)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Exit when the parent does: if it is killed, it cannot shut down the pool."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(1)


def _do(chunk: range) -> Any:
    assert _work is not None  # noqa: S101
    return _work(chunk)
