"""Runs a command at the lowest priority, and kills it when its parent process ends.

    python -m webapp.retraining.low_priority COMMAND [ARGUMENT …]

Start it in a session of its own. Where the kernel schedules processes in groups by session
(autogroup), `nice` counts only within the group, so the group's priority is lowered as well. On
Linux the scheduling policy becomes SCHED_IDLE, see sched(7): any other process preempts it at once.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

CPU_SECONDS = "INKLING_CPU_SECONDS"
"""Variable of the environment: processor time after which the kernel kills the command."""

_USUAL, _LOWEST = 0, 19
_SET_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of linux/prctl.h


def main(command: list[str]) -> None:
    """Lower this process's priority and replace it with the command."""
    parent = os.getppid()
    os.nice(_LOWEST)
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
        if os.getsid(0) == os.getpid():  # else the group is not its own
            # Not permitted in some containers, which have no autogroups either.
            with contextlib.suppress(OSError), open("/proc/self/autogroup", "w") as group:
                group.write(str(_LOWEST))
        ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
        if os.getppid() != parent:  # the parent ended before prctl()
            sys.exit(1)
    if seconds := os.environ.get(CPU_SECONDS):
        resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds) + 5))  # SIGXCPU first
    os.execvp(command[0], command)  # noqa: S606 - the worker's own command


def restore_priority(leader: int) -> None:
    """Restore the normal priority of a process group that `main` started, given its leader.

    A killed process still needs the CPU to exit; at the lowest priority it could wait for a long
    time. Does nothing without the permission to raise priorities.
    """
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PGRP, leader, _USUAL)
    if sys.platform == "linux":
        for process, thread in _threads(leader):
            if process == thread:  # any member sets the priority of their session's autogroup
                autogroup = Path(f"/proc/{process}/autogroup")
                with contextlib.suppress(OSError):
                    autogroup.write_text(str(_USUAL))
            with contextlib.suppress(OSError):
                os.sched_setscheduler(thread, os.SCHED_OTHER, os.sched_param(0))


def _threads(group: int) -> Iterator[tuple[int, int]]:
    """Every (process, thread) of a process group: a policy is set per thread, unlike `nice`."""
    for stat in Path("/proc").glob("[0-9]*/task/[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            _state, _parent, its_group, *_ = stat.read_text().rpartition(")")[2].split()
            if int(its_group) == group:
                yield int(stat.parts[2]), int(stat.parent.name)


if __name__ == "__main__":
    main(sys.argv[1:])
