"""Decompresses the format of compress(1), `.Z`: Python cannot, gzip(1) can."""

from __future__ import annotations

import subprocess
import tempfile

MAX_BYTES = 64 << 20
"""Size of the largest content; that of the published files is below 10 MB."""


def decompress(packed: bytes) -> bytes:
    """Raises `ValueError` if it is damaged or too large, or gzip(1) is not installed."""
    with tempfile.TemporaryFile() as file:
        file.write(packed)
        file.seek(0)
        try:
            process = subprocess.Popen(
                ["gzip", "-dc"],  # noqa: S607
                stdin=file,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        except OSError as error:
            raise ValueError(f"gzip(1), which decompresses it, does not start: {error}") from error
        assert process.stdout is not None  # noqa: S101
        with process, process.stdout as unpacked:
            content = unpacked.read(MAX_BYTES + 1)
            if len(content) > MAX_BYTES:
                process.kill()
                raise ValueError(f"it has more than {MAX_BYTES >> 20} MB")
    if process.returncode:
        raise ValueError("it is damaged")
    return content
