"""Runs the trainer's commands as low-priority child processes, and reads their output."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import IO, Literal

from webapp.cores import quota_cores
from webapp.retraining.low_priority import CPU_SECONDS, restore_priority

Stream = Literal["out", "err"]

LAUNCHER = [sys.executable, "-m", "webapp.retraining.low_priority"]
"""Command prefix that starts a command at the lowest priority."""

_CHECK_EVERY = 0.1
_LAST_LINES_WITHIN = 5.0
"""Seconds."""


def run_watched(
    command: Sequence[str],
    home: Path,
    on_line: Callable[[Stream, str], None],
    check: Callable[[], None],
    *,
    cpu_seconds: int | None = None,
) -> int:
    """Run a command at low priority until it ends; return its exit status as `Popen` does.

    With `cpu_seconds` it computes on one thread, and is killed after so much processor time.

    `on_line` is called with each line of output, `check` ten times a second. An exception from
    either kills the command and propagates.
    """
    lines: SimpleQueue[tuple[Stream, str]] = SimpleQueue()
    with in_background(command, home, cpu_seconds=cpu_seconds) as process:
        assert process.stdout is not None  # noqa: S101 - for mypy
        assert process.stderr is not None  # noqa: S101
        streams: tuple[tuple[Stream, IO[str]], ...] = (
            ("out", process.stdout),
            ("err", process.stderr),
        )
        readers = [
            Thread(target=_forward, args=(*stream, lines), daemon=True) for stream in streams
        ]
        for reader in readers:
            reader.start()
        while not has_ended(process):
            _drain(lines, on_line, wait=_CHECK_EVERY)
            check()
    for reader in readers:
        reader.join(_LAST_LINES_WITHIN)
    _drain(lines, on_line)
    return process.returncode


@contextmanager
def in_background(
    command: Sequence[str],
    home: Path,
    *,
    stdout: int | None = subprocess.PIPE,
    stderr: int | None = subprocess.PIPE,
    cpu_seconds: int | None = None,
) -> Iterator[subprocess.Popen[str]]:
    """Run a command at the lowest priority, in the home folder, on the cores of a quota.

    At the end of the block it is killed, together with everything it started. `stdout` and `stderr`
    are those of `subprocess.Popen`; whoever leaves them as pipes has to read them. `cpu_seconds`
    are those of `run_watched`.
    """
    home = home.absolute()
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    environment = _within_quota() | os.environ
    environment |= {"PYTHONUNBUFFERED": "1", "INKLING_HOME": str(home)}
    if data := environment.get("INKLING_DATA"):
        environment["INKLING_DATA"] = str(Path(data).absolute())
    if cpu_seconds is not None:
        environment |= {CPU_SECONDS: str(cpu_seconds), "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(  # noqa: S603
        [*LAUNCHER, *command],
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
        text=True,
        errors="replace",
        cwd=home,
        env=environment,
        start_new_session=True,  # a process group that is killed as a whole
    )
    try:
        yield process
    finally:
        end(process)


def _within_quota() -> dict[str, str]:
    """Variables that tell torch and the trainer how many cores a container's quota has.

    They would start a thread and a process for each core of the machine, which then wait for one
    another, suspended, and share the container's memory.
    """
    cores = quota_cores()
    return dict.fromkeys(("OMP_NUM_THREADS", "PYTHON_CPU_COUNT"), str(cores)) if cores else {}


def has_ended(process: subprocess.Popen[str]) -> bool:
    """Whether a background process has ended; unlike `Popen.poll`, it is not reaped."""
    if process.returncode is not None:
        return True
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def how_ended(status: int) -> str:
    """How a training process ended, in words, by its exit status as `run_watched` returns it."""
    if status < 0:
        name = signal.Signals(-status).name
        return f"the training process was killed by {name}; perhaps it ran out of memory"
    return f"the training process ended with status {status}"


def end(process: subprocess.Popen[str]) -> None:
    """Kill a background process and everything it started, and reap it.

    Once it is reaped, its number may be that of a foreign process, so nothing is killed then. Until
    then, ended or not, nobody else can get the number, even if it is only needed for what it left
    running. Its normal priority is restored after the kill (before, it could lower it again): even
    a killed process needs the CPU to exit, and might wait for it for a very long time.
    """
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError):  # it is still starting, and leads no group yet
        os.killpg(process.pid, signal.SIGKILL)
    restore_priority(process.pid)
    process.wait()


def _forward(stream: Stream, file: IO[str], lines: SimpleQueue[tuple[Stream, str]]) -> None:
    for line in file:
        lines.put((stream, line))


def _drain(
    lines: SimpleQueue[tuple[Stream, str]],
    on_line: Callable[[Stream, str], None],
    wait: float = 0.0,
) -> None:
    """Pass on the lines that are there; `wait` so many seconds for the first one."""
    with suppress(Empty):
        if wait:
            on_line(*lines.get(timeout=wait))
        while True:
            on_line(*lines.get_nowait())
