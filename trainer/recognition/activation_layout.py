"""Arranges the activations of a layer in one 2-D array, to be shown as an image."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_UNITS_PER_ROW = 32


def lay_out(activation: NDArray[np.float32]) -> NDArray[np.float32]:
    """Arrange a layer's activations for one image: float32 [height, width], NaN in the gaps.

    Feature maps, [maps, height, width], become a grid with about twice as many columns as rows.
    Recurrent states, [rows, units], are returned unchanged. Dense units, [units], are wrapped into
    rows of 32.
    """
    match activation.ndim:
        case 3:
            count = len(activation)
            return grid(activation, columns=min(count, round((2 * count) ** 0.5)))
        case 2:
            return activation
        case _:
            return _wrapped(activation)


def grid(tiles: NDArray[Any], columns: int, gap: int = 1) -> NDArray[np.float32]:
    """Arrange tiles, [n, height, width], row by row in `columns` columns, `gap` pixels apart.

    Returns float32 [height, width], NaN in the gaps and after the last tile.
    """
    count, height, width = tiles.shape
    rows = max(1, -(-count // columns))
    framed = np.full((rows * columns, height + gap, width + gap), np.nan, np.float32)
    framed[:count, :height, :width] = tiles
    table = framed.reshape(rows, columns, height + gap, width + gap).transpose(0, 2, 1, 3)
    joined = table.reshape(rows * (height + gap), columns * (width + gap))
    return joined[: joined.shape[0] - gap, : joined.shape[1] - gap]


def _wrapped(units: NDArray[np.float32]) -> NDArray[np.float32]:
    rows = -(-len(units) // _UNITS_PER_ROW)
    wrapped = np.full(rows * min(len(units), _UNITS_PER_ROW), np.nan, np.float32)
    wrapped[: len(units)] = units
    return wrapped.reshape(rows, -1)
