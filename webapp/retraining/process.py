"""The trainer's commands as child processes in the background, watched line by line."""

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

from webapp.retraining.low_priority import restore_priority

Stream = Literal["out", "err"]

LAUNCHER = [sys.executable, "-m", "webapp.retraining.low_priority"]
"""Starts the command that follows it."""

_CHECK_EVERY = 0.1
_LAST_LINES_WITHIN = 5.0
"""Seconds."""


def run_watched(
    command: Sequence[str],
    home: Path,
    on_line: Callable[[Stream, str], None],
    check: Callable[[], None],
) -> int:
    """Run a command in the background until it ends; return its exit status, as `Popen` does.

    `on_line` gets each line as it comes, `check` is called ten times a second; what they raise ends
    the command.
    """
    lines: SimpleQueue[tuple[Stream, str]] = SimpleQueue()
    with in_background(command, home) as process:
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
        while process.poll() is None:
            _drain(lines, on_line)
            check()
            with suppress(subprocess.TimeoutExpired):
                process.wait(_CHECK_EVERY)
    for reader in readers:
        reader.join(_LAST_LINES_WITHIN)
    _drain(lines, on_line)
    return process.returncode


@contextmanager
def in_background(command: Sequence[str], home: Path) -> Iterator[subprocess.Popen[str]]:
    """Run a command at the lowest priority, in the home folder.

    At the end of the block it is killed, and so is all that it started.
    """
    home = home.absolute()
    home.mkdir(parents=True, exist_ok=True)
    environment = os.environ | {"PYTHONUNBUFFERED": "1", "INKLING_HOME": str(home)}
    if data := environment.get("INKLING_DATA"):
        environment["INKLING_DATA"] = str(Path(data).absolute())
    process = subprocess.Popen(  # noqa: S603
        [*LAUNCHER, *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
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


def end(process: subprocess.Popen[str]) -> None:
    """Kill a background process and all that it started, and wait for its end.

    Killed first: until then it could lower its priority again. Its usual priority is then restored,
    since even a killed process needs the CPU to exit, for which it could wait very long.
    """
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    restore_priority(process.pid)
    process.wait()


def _forward(stream: Stream, file: IO[str], lines: SimpleQueue[tuple[Stream, str]]) -> None:
    for line in file:
        lines.put((stream, line))


def _drain(lines: SimpleQueue[tuple[Stream, str]], on_line: Callable[[Stream, str], None]) -> None:
    with suppress(Empty):
        while True:
            on_line(*lines.get_nowait())
