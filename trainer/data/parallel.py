"""Distributes work over all CPU cores, in threads or in spawned processes.

Processes are spawned as torch does not survive a fork.
"""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import os
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

import cv2

from trainer.errors import TrainerError

S = TypeVar("S")
T = TypeVar("T")

_CHUNK_SIZE = 250  # indices per task
_MOST_PROCESSES = 61  # that Windows can wait for
_FEW_CHUNKS = 3  # are done before processes have started

_work: Callable[[range], Any] | None = None  # set in child processes


def in_chunks(work: Callable[[range], T], count: int, title: str = "pictures") -> list[T]:
    """Call `work` on consecutive chunks of `range(count)`, and return its results in order.

    Small counts are processed in this process; larger ones in child processes, to which `work` is
    pickled, with a progress bar of this title where standard error is a terminal. Raises
    `TrainerError` if a child process is killed.
    """
    chunks = [
        range(start, min(start + _CHUNK_SIZE, count)) for start in range(0, count, _CHUNK_SIZE)
    ]
    if len(chunks) <= _FEW_CHUNKS:
        return [work(chunk) for chunk in chunks]
    from tqdm import tqdm

    results = []
    with (
        ProcessPoolExecutor(
            max_workers=min(usable_cores(), len(chunks), _MOST_PROCESSES),
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_start,
            initargs=(work,),
        ) as pool,
        tqdm(desc=title, total=count, unit=" pictures", leave=False, disable=None) as bar,
    ):
        try:
            for chunk, result in zip(chunks, pool.map(_do, chunks), strict=True):
                results.append(result)
                bar.update(len(chunk))
        except BrokenProcessPool as error:
            raise TrainerError(f"{title}: a process that prepared them was killed") from error
    return results


def in_threads(work: Callable[[S], T], items: Iterable[S]) -> list[T]:
    """Call `work` on each item, and return its results in order: for work that releases the GIL."""
    with ThreadPoolExecutor(usable_cores()) as threads:
        return list(threads.map(work, items))


def usable_cores() -> int:
    """The number of CPU cores that this process may use, at least 1.

    `PYTHON_CPU_COUNT` counts, as in Python from 3.13 on.
    """
    if (asked := os.environ.get("PYTHON_CPU_COUNT", "")).isdecimal():
        return max(1, int(asked))
    if hasattr(os, "sched_getaffinity"):  # Linux; elsewhere a process may use all of them
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


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
