"""Run a command at the lowest priority, and end it with whoever started it.

    python -m webapp.retraining.low_priority COMMAND [ARGUMENT …]

It is started in a session of its own. Where the kernel groups processes by session (autogroup),
`nice` counts only within one: then the group's own priority is lowered too. Linux also has a policy
for what must never delay others (SCHED_IDLE, see sched(7)): what wakes beside it runs at once.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

_USUAL, _LOWEST = 0, 19
_SET_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of linux/prctl.h


def main(command: list[str]) -> None:
    parent = os.getppid()
    os.nice(_LOWEST)
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
        if os.getsid(0) == os.getpid():  # else others are in its group too
            # Not allowed in some containers, which then have no such groups either.
            with contextlib.suppress(OSError), open("/proc/self/autogroup", "w") as group:
                group.write(str(_LOWEST))
        ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
        if os.getppid() != parent:  # it ended before we could say so
            sys.exit(1)
    os.execvp(command[0], command)  # noqa: S606 - the worker's own command


def restore_priority(leader: int) -> None:
    """Give a session that `main` began its usual priority back.

    What is to end needs the processor for that, and would wait long for its turn on a busy machine.
    """
    with contextlib.suppress(OSError), open(f"/proc/{leader}/autogroup", "w") as group:
        group.write(str(_USUAL))
    with contextlib.suppress(OSError):  # where there are no such groups; not everybody may
        os.setpriority(os.PRIO_PGRP, leader, _USUAL)
    if sys.platform == "linux":
        for thread in _threads(leader):
            with contextlib.suppress(OSError):
                os.sched_setscheduler(thread, os.SCHED_OTHER, os.sched_param(0))


def _threads(group: int) -> Iterator[int]:
    """Every thread of a group of processes: policies, unlike priorities, are set one by one."""
    for stat in Path("/proc").glob("[0-9]*/task/[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it ended meanwhile
            _state, _parent, its_group, *_ = stat.read_text().rpartition(")")[2].split()
            if int(its_group) == group:
                yield int(stat.parent.name)


if __name__ == "__main__":
    main(sys.argv[1:])
