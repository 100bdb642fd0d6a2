"""Threads of the operating system, also where gevent has replaced those of the standard library."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable


def start(target: Callable[[], None]) -> None:
    """Call `target` in a thread of its own, which does not keep the process alive.

    Under gevent a `threading.Thread` is a greenlet: while it computes, nobody is served.
    """
    monkey = sys.modules.get("gevent.monkey")
    if monkey is None or not monkey.is_module_patched("threading"):
        threading.Thread(target=target, daemon=True).start()
        return

    def run() -> None:
        import gevent  # type: ignore[import-untyped]

        try:
            target()
        finally:  # what gevent made for this thread when it slept or waited for a lock
            gevent.get_hub().destroy(destroy_loop=True)

    monkey.get_original("_thread", "start_new_thread")(run, ())
