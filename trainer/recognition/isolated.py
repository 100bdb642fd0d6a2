"""Decodes AVIF and HEIC in a process of their own, whose memory and time are limited.

The frame inside an AVIF may be far larger than its header states, and libavif takes what it asks
for: a file of 4 kB, 925 MB. The tiles of a HEIC may be many and large, whatever they add up to.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
from contextlib import ExitStack, suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import BinaryIO, Literal

from PIL import Image

_PROGRAM = Path(__file__).with_name("isolated_process.py")
# Their folders need not be among those that Python knows.
_PACKAGES = os.pathsep.join(
    dict.fromkeys(
        str(Path(spec.origin).parents[1])
        for name in ("PIL", "pillow_heif")
        if (spec := find_spec(name)) and spec.origin
    )
)

_log = logging.getLogger(__name__)


class TooManyPixels(ValueError):
    """The file's header states more pixels than allowed."""


Format = Literal["AVIF", "HEIF"]
"""By Pillow's names; HEIF is that of HEIC."""

_DECODERS = {"AVIF": "PIL._avif", "HEIF": "pillow_heif"}


@cache
def reads(kind: Format) -> bool:
    """Whether the format's decoder is installed, and the system (Linux) can limit the process."""
    can_limit = sys.platform == "linux" and bool(sys.executable)
    return can_limit and find_spec(_DECODERS[kind]) is not None


def decode_isolated(
    content: bytes, kind: Format, max_pixels: int, sufficient_side: int
) -> tuple[Image.Image, float]:
    """The picture, in L, RGB or RGBA, with its orientation applied.

    A larger one is scaled down by a whole number to at least `sufficient_side` pixels of its longer
    side. The second value is the width of one of its pixels in pixels of the file. Raises
    `TooManyPixels`, `ValueError` for a file that cannot be decoded within the limits of memory and
    time, and `OSError` if the process cannot be run, whatever the file.
    """
    with ExitStack() as stack:
        given, result = (stack.enter_context(_in_memory()) for _ in range(2))
        given.write(content)
        given.seek(0)
        _run([kind, str(max_pixels), str(sufficient_side)], given, result)
        result.seek(0)
        header = result.readline().decode().split()
        if header == ["large"]:
            raise TooManyPixels
        mode, width, height, scale = header
        image = Image.frombytes(mode, (int(width), int(height)), result.read())
    return image, float(scale)


def _in_memory() -> BinaryIO:
    return os.fdopen(os.memfd_create("picture"), "w+b")


def _run(arguments: list[str], given: BinaryIO, result: BinaryIO) -> None:
    """Run the program until it ends, however that is. Raises `OSError` if it cannot be run.

    Not by `subprocess`, nor by the functions of `os`: in a gunicorn worker both are gevent's, which
    waits for processes in its main thread alone.
    """
    import posix

    try:
        process = posix.posix_spawn(
            sys.executable,
            [sys.executable, "-s", "-P", str(_PROGRAM), *arguments],
            {"PYTHONPATH": _PACKAGES},
            file_actions=[
                (os.POSIX_SPAWN_DUP2, given.fileno(), 0),
                (os.POSIX_SPAWN_DUP2, result.fileno(), 1),
                (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
            ],
            # A signal to the whole group lets the request end that this process is a part of.
            setsigmask=(signal.SIGHUP, signal.SIGINT, signal.SIGTERM),
            setsigdef=(signal.SIGALRM,),  # which limits its time
        )
        with suppress(ChildProcessError):  # it has ended, and somebody else was told
            ended = os.waitid(os.P_PID, process, os.WEXITED)
            if ended and ended.si_code == os.CLD_EXITED and ended.si_status:
                raise OSError(f"{sys.executable} ended with {ended.si_status}")
    except OSError as error:
        _log.warning("the process that decodes AVIF and HEIC cannot be run: %s", error)
        raise
