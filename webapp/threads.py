"""Runs what blocks in real threads, so that no request waits for another one's disk or decoder.

A gunicorn worker answers its requests in greenlets, which take turns only where they wait for the
network. A query or a large picture would hold all of them up.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeVar, cast

import gevent
import gevent.event
import gevent.lock
import gevent.monkey
import gevent.threadpool

log = logging.getLogger(__name__)

T = TypeVar("T")


class Lane(Enum):
    """Where a view runs; each pool of threads has its own, so that none waits for the other's."""

    GREENLET = "greenlet"
    """In the request's greenlet: for what takes a millisecond and waits for nothing."""
    PAGE = "page"
    """What renders a page or opens a file: some milliseconds."""
    COMPUTE = "compute"
    """What computes. More threads would only share the processor, and hold more pictures."""
    DATABASE = "database"
    """What waits for the database or for files."""
    MONITORING = "monitoring"
    """What operators ask for, most of all when the others are full."""


_THREADS = {Lane.PAGE: 2, Lane.COMPUTE: 2, Lane.DATABASE: 16, Lane.MONITORING: 2}
_OF_ONE_CLIENT = {Lane.PAGE: 1, Lane.COMPUTE: 1, Lane.DATABASE: 12, Lane.MONITORING: 2}
"""Threads that requests of one client may have at once, so that others find one."""
_LONGEST_QUEUE = 200
"""Requests that may wait for a thread of one lane; further ones are refused."""
_LONGEST_WAIT = {Lane.PAGE: 5.0, Lane.COMPUTE: 10.0, Lane.DATABASE: 0.8, Lane.MONITORING: 5.0}
"""Seconds that a request may wait for a thread before it is refused. Together with the database's
patience, feedback fails within 3 s."""

_pools: dict[Lane, _Pool] = {}
_waiting: Counter[Lane] = Counter()
_shares: dict[tuple[Lane, str], _Share] = {}
_is_in_thread: ContextVar[bool] = ContextVar("is_in_thread", default=False)
_client: ContextVar[str] = ContextVar("client", default="")


class Overloaded(Exception):
    """Too many requests wait for a thread, or this one has waited too long."""


def in_thread(lane: Lane, function: Callable[..., T], *arguments: Any) -> T:
    """Call a function in a thread of this lane while other greenlets run; return its result.

    Outside a gevent worker, in such a thread already, and in the lane of greenlets it is simply
    called. Raises what the function raises, and `Overloaded`.
    """
    if lane is Lane.GREENLET or _is_in_thread.get() or not _is_patched():
        return function(*arguments)
    if _waiting[lane] >= _LONGEST_QUEUE:
        raise Overloaded(f"{_LONGEST_QUEUE} requests wait already")
    _waiting[lane] += 1
    try:
        refusal = Overloaded("no thread was free in time")
        with gevent.Timeout(_LONGEST_WAIT[lane], refusal) as timeout, _share(lane):
            pool = _pool(lane)
            pool.free.acquire()
            timeout.close()
            outcome: T | _Raised = pool.start(_outcome, function, arguments).get()
    finally:
        _waiting[lane] -= 1
    if isinstance(outcome, _Raised):
        raise outcome.error
    return outcome


def act_for(client: str) -> None:
    """From now on, what this greenlet does in threads is done for this client."""
    _client.set(client)


def iterate(lane: Lane, items: Iterator[T]) -> Iterator[T]:
    """Yield the items of an iterator, each of which is made in a thread of this lane.

    The iterator is closed with this one, as when a client goes away before the end of a response.
    """
    end = object()
    try:
        while (item := in_thread(lane, next, items, end)) is not end:
            yield cast(T, item)
    finally:
        if isinstance(items, Generator):
            in_thread(lane, items.close)


def start_thread(target: Callable[[], None]) -> None:
    """Call `target` in a thread of its own, which does not keep the process alive."""

    def run() -> None:
        try:
            target()
        finally:  # what gevent made for this thread when it slept or waited for a process
            gevent.get_hub().destroy(destroy_loop=True)

    threading.Thread(target=run if _is_patched() else target, daemon=True).start()


def every(seconds: float, function: Callable[[], None]) -> None:
    """Call a function again and again in a real thread, until the process ends.

    What it raises is logged, and it is called again.
    """

    def repeat() -> None:
        while True:
            try:
                function()
            except Exception:
                log.exception("a periodic task failed")
            sleep(seconds)

    sleep = gevent.monkey.get_original("time", "sleep")  # gevent's is for greenlets
    start_thread(repeat)


@dataclass(frozen=True, slots=True)
class _Raised:
    error: BaseException


@dataclass(slots=True)
class _Share:
    """A client's share of the threads of a lane."""

    free: gevent.lock.Semaphore
    users: int = 0
    """Requests that wait for a part of it, or have one."""


@contextmanager
def _share(lane: Lane) -> Iterator[None]:
    """Wait until the client of this request has fewer than its share of the threads of this lane.

    What is done for nobody has no share.
    """
    client = _client.get()
    if not client:
        yield
        return
    share = _shares.setdefault((lane, client), _Share(gevent.lock.Semaphore(_OF_ONE_CLIENT[lane])))
    share.users += 1
    try:
        with share.free:
            yield
    finally:
        share.users -= 1
        if not share.users:
            del _shares[lane, client]


def _outcome(function: Callable[..., T], arguments: tuple[Any, ...]) -> T | _Raised:
    """What a function returns or raises.

    An exception that leaves a thread of gevent's is printed, and if that fails, as on a full disk,
    its caller waits for ever.
    """
    _is_in_thread.set(True)
    try:
        return function(*arguments)
    except BaseException as error:
        return _Raised(error)


class _Pool:
    """The threads of a lane."""

    def __init__(self, size: int) -> None:
        self.free = gevent.lock.Semaphore(size)
        """Threads that are free: gevent's pool itself takes one task more, which then waits."""
        self._threads = gevent.threadpool.ThreadPool(size)

    def start(self, function: Callable[..., Any], *arguments: Any) -> gevent.event.AsyncResult:
        """Call a function in a thread that was free, with the caller's context."""
        try:
            running = self._threads.spawn(copy_context().run, function, *arguments)
        except BaseException:  # where the system has no thread, say
            self.free.release()
            raise
        running.rawlink(lambda _: self.free.release())  # even if nobody waits for it any more
        return running


def _pool(lane: Lane) -> _Pool:
    if lane not in _pools:
        _pools[lane] = _Pool(_THREADS[lane])
    return _pools[lane]


def _is_patched() -> bool:
    return bool(gevent.monkey.is_module_patched("socket"))
