"""Reads IDX, the format of MNIST's files."""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

_KINDS = {"uint8": 0x08, "int32": 0x0C}
"""The third byte of a file, by the type of its numbers. MNIST and QMNIST have these two."""


def read_idx(file: Path, kind: Literal["uint8", "int32"], dimensions: int) -> NDArray[Any]:
    """The numbers of an IDX file of this kind, in the shape that its header states.

    Raises `OSError` if it cannot be read, and `ValueError` if it is not such a file, or is not as
    long as its header states.
    """
    content = file.read_bytes()
    if content[:4] != bytes([0, 0, _KINDS[kind], dimensions]):
        raise ValueError(f"{file} is no IDX file of {kind} in {dimensions} dimensions")
    start = 4 + 4 * dimensions
    shape = [int.from_bytes(content[at : at + 4], "big") for at in range(4, start, 4)]
    big_endian = np.dtype(kind).newbyteorder(">")
    if len(content) != start + prod(shape) * big_endian.itemsize:
        raise ValueError(f"{file} is not as long as its header states")
    return np.frombuffer(content, big_endian, offset=start).reshape(shape).astype(kind)
