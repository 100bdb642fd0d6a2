"""Run a command at the lowest priority, and end it with whoever started it.

    python -m webapp.retraining.background COMMAND [ARGUMENT …]

It is started in a session of its own. Where the kernel groups processes by session (autogroup),
`nice` counts only within one: then the group's own priority is lowered too.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys

_USUAL, _LOWEST = 0, 19
_SET_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of linux/prctl.h


def main(command: list[str]) -> None:
    parent = os.getppid()
    os.nice(_LOWEST)
    if sys.platform == "linux":
        if os.getsid(0) == os.getpid():  # else others are in its group too
            # Not allowed in some containers, which then have no such groups either.
            with contextlib.suppress(OSError), open("/proc/self/autogroup", "w") as group:
                group.write(str(_LOWEST))
        ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
        if os.getppid() != parent:  # it ended before we could say so
            sys.exit(1)
    os.execvp(command[0], command)  # noqa: S606 - the worker's own command


def hurry(leader: int) -> None:
    """Give a session that `main` began its usual priority back.

    What is to end needs the processor for that, and would wait long for its turn on a busy machine.
    """
    with contextlib.suppress(OSError), open(f"/proc/{leader}/autogroup", "w") as group:
        group.write(str(_USUAL))
    with contextlib.suppress(OSError):  # where there are no such groups; not everybody may
        os.setpriority(os.PRIO_PGRP, leader, _USUAL)


if __name__ == "__main__":
    main(sys.argv[1:])
