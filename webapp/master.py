"""What the gunicorn master does beyond gunicorn's own: it drains, and it reloads without a gap.

A reload (SIGHUP) runs gunicorn.conf.py anew. This module stays, and with it the memory that the
master shares with its workers.
"""

from __future__ import annotations

import mmap
import time
from typing import Any

_DRAINING, _WORKERS = 0, 1  # places in the memory: a flag, and a flag for each worker
_SLOTS = 4096  # more than there are workers at once; their ages use them in turn
_memory = mmap.mmap(-1, _WORKERS + _SLOTS)


def attach(server: Any, drain_seconds: float) -> None:
    """Change how this master stops, and when it ends the workers that it replaces."""
    stop, manage_workers = server.stop, server.manage_workers

    def drain_and_stop(graceful: bool = True) -> None:
        _memory[_DRAINING] = True
        if graceful:
            time.sleep(drain_seconds)
        stop(graceful)

    def manage_once_ready() -> None:
        """Let the old workers serve until the new ones can: gunicorn ends them before."""
        deadline = time.monotonic() + server.cfg.timeout
        while _awaits_successors(server) and time.monotonic() < deadline:
            server.reap_workers()
            time.sleep(0.02)
        manage_workers()

    server.stop, server.manage_workers = drain_and_stop, manage_once_ready


def is_draining() -> bool:
    """Whether the master is about to stop; for its workers."""
    return bool(_memory[_DRAINING])


def expect(worker: Any) -> None:
    """Note that a worker is about to be forked."""
    _memory[_place(worker)] = False


def report_ready(worker: Any) -> None:
    """Tell the master that this worker has loaded the application."""
    _memory[_place(worker)] = True


def _awaits_successors(server: Any) -> bool:
    workers = sorted(server.WORKERS.values(), key=lambda worker: worker.age)
    excess = len(workers) - server.num_workers
    return excess > 0 and not all(_memory[_place(worker)] for worker in workers[excess:])


def _place(worker: Any) -> int:
    return _WORKERS + int(worker.age) % _SLOTS
