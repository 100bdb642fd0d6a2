"""What the gunicorn master does beyond gunicorn's own: it drains, and it reloads without a gap.

A reload (SIGHUP) runs gunicorn.conf.py anew. This module stays, and with it the memory that the
master shares with its workers.

`inkling serve` runs this file as a script in place of gunicorn's, which would import what is in the
working directory before what is installed.
"""

from __future__ import annotations

import mmap
import os
import signal
import sys
import time
from queue import Empty
from typing import Any

from gunicorn.errors import HaltServer

_LOADING, _READY, _ENDING = range(3)  # states of a worker
_DRAINING, _WORKERS = 0, 1  # places in the memory: a flag, and the state of each worker
_SLOTS = 4096  # more than there are workers at once; their ages use them in turn
_memory = mmap.mmap(-1, _WORKERS + _SLOTS)

_STEP = 0.1  # seconds between two looks at the workers while the master drains
RETRY_SECONDS = 10.0
"""After which a worker is replaced again whose successor could not load the application."""


class _Reloaded(Exception):
    """A reload has started its workers; what is left of it happens in the main loop."""


def attach(server: Any, drain_seconds: float) -> None:
    """Change how this master stops, reloads, and replaces its workers."""
    master = _Master(server, drain_seconds)
    server.stop, server.reload = master.stop, master.reload
    server.manage_workers, server.reap_workers = master.manage_workers, master.reap_workers
    if sys.flags.safe_path:  # of which gunicorn tells the new master nothing (SIGUSR2)
        server.START_CTX["args"].insert(1, "-P")


def main() -> None:
    """Run gunicorn without importing from the working directory."""
    from gunicorn.app.wsgiapp import WSGIApplication

    class Application(WSGIApplication):  # type: ignore[misc]
        """Goes to a folder without importing from it."""

        def chdir(self) -> None:
            os.chdir(self.cfg.chdir)

    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    if root not in sys.path:  # a checkout that is not installed
        sys.path.insert(0, root)
    Application(prog="inkling serve").run()


def is_draining() -> bool:
    """Whether the master is about to stop; for its workers."""
    return bool(_memory[_DRAINING])


def expect(worker: Any) -> None:
    """Note that a worker is about to be forked."""
    _note(worker, _LOADING)


def report_ready(worker: Any) -> None:
    """Tell the master that this worker has loaded the application."""
    _note(worker, _READY)


class _Master:
    """Methods that take the place of gunicorn's, which they call."""

    def __init__(self, server: Any, drain_seconds: float) -> None:
        self._server = server
        self._drain_seconds = drain_seconds
        self._stop, self._reload = server.stop, server.reload
        self._manage_workers, self._reap_workers = server.manage_workers, server.reap_workers
        self._is_reloading = False
        self._paused_until = self._loaded_until = 0.0

    def stop(self, graceful: bool = True) -> None:
        """Stop the workers, after the drain. gunicorn calls this twice after SIGINT and SIGQUIT."""
        _memory[_DRAINING] = True
        self._stop(graceful and self._drain())

    def _drain(self) -> bool:
        """Serve on while somebody can; return whether to end gracefully, not at once."""
        server, until = self._server, time.monotonic() + self._drain_seconds
        while server.LISTENERS and self._is_serving() and time.monotonic() < until:
            try:
                if server.SIG_QUEUE.get(timeout=_STEP) in {signal.SIGINT, signal.SIGQUIT}:
                    server.log.info("Quick shutdown requested")
                    return False
            except Empty:
                pass
            self.reap_workers()
            server.murder_workers()
            self.manage_workers()
        return True

    def reload(self) -> None:
        """Start new workers; `manage_workers` ends the old ones once these are ready.

        gunicorn would wait for that here, and meanwhile obey no signal. Its configuration ends the
        process where it cannot be read; the old workers serve on instead.
        """
        server = self._server
        self._is_reloading = True
        try:
            self._reload()
        except _Reloaded:
            pass
        except (Exception, SystemExit):
            if os.getpid() != server.pid:  # a worker that ends
                raise
            server.app.cfg = server.cfg
            server.log.exception("The reload failed; the workers serve on")
        finally:
            self._is_reloading = False
            self._loaded_until = time.monotonic() + server.timeout

    def manage_workers(self) -> None:
        """Start and end workers; the old ones serve until as many new ones can."""
        if self._is_reloading:
            raise _Reloaded
        workers = sorted(self._server.WORKERS.values(), key=lambda worker: worker.age)
        excess = len(workers) - self._server.num_workers
        if excess > 0:
            old, new = workers[:excess], workers[excess:]
            if loading := [worker for worker in new if _state(worker) == _LOADING]:
                self._end_late(loading)
                return
            if all(_state(worker) == _ENDING for worker in old):
                return
            for worker in old:
                _note(worker, _ENDING)
        elif excess < 0 and workers and time.monotonic() < self._paused_until:
            return
        self._manage_workers()

    def _end_late(self, loading: list[Any]) -> None:
        """Kill these workers if they are late and others serve; gunicorn would wait for ever."""
        if time.monotonic() < self._loaded_until or not self._is_serving():
            return
        for worker in loading:
            self._server.log.error("Worker (pid:%s) took too long to load", worker.pid)
            self._server.kill_worker(worker.pid, signal.SIGKILL)

    def reap_workers(self) -> None:
        """Reap workers; one that cannot load the application ends the master only if all do."""
        while True:
            try:
                self._reap_workers()
            except HaltServer as halt:
                if not (self._is_serving() or is_draining()):
                    raise
                self._paused_until = time.monotonic() + RETRY_SECONDS
                self._server.log.error("%s The workers that are ready serve on.", halt.reason)
            else:
                return

    def _is_serving(self) -> bool:
        return any(_state(worker) == _READY for worker in self._server.WORKERS.values())


def _state(worker: Any) -> int:
    return _memory[_place(worker)]


def _note(worker: Any, state: int) -> None:
    _memory[_place(worker)] = state


def _place(worker: Any) -> int:
    return _WORKERS + int(worker.age) % _SLOTS


if __name__ == "__main__":
    main()
