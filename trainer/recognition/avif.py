"""Decodes AVIF in a process of its own, whose memory and time are limited.

The frame inside such a file may be far larger than its header states, and libavif takes what it
asks for: a file of 4 kB, 925 MB.
"""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack, suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import BinaryIO

from PIL import Image

_PROGRAM = Path(__file__).with_name("avif_process.py")


@cache
def reads_avif() -> bool:
    """Whether Pillow has the format, and the system (Linux) what limits the process."""
    return sys.platform == "linux" and find_spec("PIL._avif") is not None


def decode_avif(content: bytes, max_pixels: int, sufficient_side: int) -> tuple[Image.Image, float]:
    """The picture, in RGB or RGBA, with its orientation applied.

    A larger one is scaled down by a whole number to at least `sufficient_side` pixels of its longer
    side. The second value is the width of one of its pixels in pixels of the file. Raises
    `ValueError` for a file that cannot be decoded within the limits.
    """
    with ExitStack() as stack:
        given, result = (stack.enter_context(_in_memory()) for _ in range(2))
        given.write(content)
        given.seek(0)
        _run([str(max_pixels), str(sufficient_side)], given, result)
        result.seek(0)
        mode, width, height, scale = result.readline().decode().split()
        image = Image.frombytes(mode, (int(width), int(height)), result.read())
    return image, float(scale)


def _in_memory() -> BinaryIO:
    return os.fdopen(os.memfd_create("avif"), "w+b")


def _run(arguments: list[str], given: BinaryIO, result: BinaryIO) -> None:
    """Run the program until it ends, however it does.

    Not by `subprocess`, nor by the functions of `os`: in a gunicorn worker both are gevent's, which
    waits for processes in its main thread alone.
    """
    import posix

    process = posix.posix_spawn(
        sys.executable,
        [sys.executable, "-I", str(_PROGRAM), *arguments],
        {},
        file_actions=[
            (os.POSIX_SPAWN_DUP2, given.fileno(), 0),
            (os.POSIX_SPAWN_DUP2, result.fileno(), 1),
            (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
        ],
    )
    with suppress(ChildProcessError):  # it has ended, and somebody else was told
        os.waitid(os.P_PID, process, os.WEXITED)
