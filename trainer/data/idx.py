"""Reads IDX, the format of MNIST's files."""

from __future__ import annotations

import struct
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_TYPES = {0x08: "u1", 0x0C: ">i4"}
"""Of the numbers, by the third byte of a file. MNIST and QMNIST have these two."""


def read_idx(file: Path) -> NDArray[Any]:
    """The numbers of an IDX file, uint8 or int32, in the shape that its header states.

    Raises `OSError` if it cannot be read, and `ValueError` if it is not such a file, or is not as
    long as its header states.
    """
    content = file.read_bytes()
    numbers: NDArray[Any]
    try:
        zeros, kind, dimensions = struct.unpack_from(">HBB", content)
        shape = struct.unpack_from(f">{dimensions}I", content, 4)
        numbers = np.frombuffer(content, _TYPES[kind], offset=4 + 4 * dimensions)
    except (struct.error, KeyError) as error:
        raise ValueError(f"{file} is not an IDX file") from error
    if zeros or len(numbers) != prod(shape):
        raise ValueError(f"{file} is not as long as its header states, or is no IDX file")
    return numbers.reshape(shape).astype(numbers.dtype.newbyteorder("="))
