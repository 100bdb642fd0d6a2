"""How the values of a stage of a model come about from those of the stage before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Kind = Literal["sum", "largest", "same", "area", "rows"]

ARITHMETIC = {"Add": np.add, "Sub": np.subtract, "Mul": np.multiply, "Div": np.divide}
"""Operations on each value and a constant, by ONNX's names."""

_UNITS_PER_ROW = 32  # as in `activation_layout`


class Window(NamedTuple):
    """What a cell reads: height × width cells of a map, of which the first is at
    (row × down − top, column × right − left); beyond the map's edges is nothing."""

    height: int = 1
    width: int = 1
    down: int = 1
    right: int = 1
    top: int = 0
    left: int = 0
    bottom: int = 0
    """Rows beyond the map's end that are read, as `top` are before its beginning."""
    beside: int = 0
    """Columns beyond its end."""

    def after(self, first: Window) -> Window:
        """What a cell reads through this window of what `first` reads."""
        return Window(
            first.height + (self.height - 1) * first.down,
            first.width + (self.width - 1) * first.right,
            first.down * self.down,
            first.right * self.right,
            first.top + self.top * first.down,
            first.left + self.left * first.right,
            first.bottom + self.bottom * first.down,
            first.beside + self.beside * first.right,
        )

    def joined(self, other: Window) -> Window | None:
        """The smallest window that reads what both read; None if they move at different steps."""
        if (self.down, self.right) != (other.down, other.right):
            return None
        top, left = max(self.top, other.top), max(self.left, other.left)
        return Window(
            top + max(each.height - each.top for each in (self, other)),
            left + max(each.width - each.left for each in (self, other)),
            self.down,
            self.right,
            top,
            left,
            max(self.bottom, other.bottom),
            max(self.beside, other.beside),
        )


CELL = Window()
"""The cell alone."""


class Step(NamedTuple):
    """Something that is done to each value alone."""

    type: str
    """The operation, by ONNX's name; what is unknown here changes nothing."""
    operands: tuple[NDArray | None, ...] = ()
    """Numbers; None is the value."""

    def __call__(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """The values after it, of the same shape."""
        if operation := ARITHMETIC.get(self.type):
            first, second = (values if each is None else each.item() for each in self.operands)
            return operation(first, second)
        if self.type == "QuantizeLinear":  # and what follows makes numbers of the steps again
            _, scale, zero = self.operands
            assert scale is not None  # noqa: S101 - for mypy
            assert zero is not None  # noqa: S101
            limits = np.iinfo(zero.dtype)
            steps = np.round(values / scale.item()) + zero.item()
            return (np.clip(steps, limits.min, limits.max) - zero.item()) * scale.item()
        return values


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """How the values of a stage come about."""

    kind: Kind
    """`sum`: by weights from what all maps of the source have in the window. `largest`, `same`: the
    largest value in the window, or the value, of the same map. `area`: from what all maps have in
    the window, in several steps. `rows`: from the rows of the picture, one after another."""
    source: str
    """The stage that is read; empty for the pixels."""
    window: Window = CELL
    """Of the source; of no meaning for a dense layer, which reads all of it, and for `rows`."""
    weights: NDArray[np.float32] | None = None
    """For `sum`: [maps, maps of the source, height, width], or [units, inputs] of a dense layer."""
    bias: NDArray[np.float32] | None = None
    """[maps], added to the sums; None is nothing."""
    before: tuple[Step, ...] = ()
    """What is done to the source's values before they are read."""
    relu: bool = False
    """Whether negative sums become 0."""
    pool: Window | None = None
    """Of the sums, if only the largest of each window is kept."""
    rounded: bool = False
    """Whether the result is rounded to one of 256 steps."""
    forward: bool = True
    """For `rows`: whether later rows count for nothing."""

    def given(self, source: NDArray) -> NDArray[np.float64]:
        """The values that are read, [maps, height, width], given those of the source.

        Units, [n], become one map of rows of 32, the last filled up with zeros.
        """
        values = source.astype(np.float64)
        for step in self.before:
            values = step(values)
        return values if values.ndim == 3 else _in_rows(values)

    def kernel(self, index: int, given: NDArray[np.float64]) -> NDArray[np.float64]:
        """The weights of a map or unit, [maps of the source, height, width]."""
        assert self.weights is not None  # noqa: S101 - only for `sum`
        weights = self.weights[index].astype(np.float64)
        if weights.ndim == 3:
            return weights
        return weights.reshape(given.shape) if weights.size == given.size else _in_rows(weights)

    def products(self, given: NDArray[np.float64]) -> int:
        """How many products `sums` adds up for a map, given what it is given."""
        if self.weights is None:
            return 0
        window, (height, width) = self.window, given.shape[1:]
        rows = (height + window.top + window.bottom - window.height) // window.down + 1
        columns = (width + window.left + window.beside - window.width) // window.right + 1
        return self.weights[0].size * (rows * columns if self.weights.ndim == 4 else 1)

    def sums(self, index: int, given: NDArray[np.float64]) -> NDArray[np.float64]:
        """The sums with the bias, before all that follows: [height, width], of a unit [1, 1]."""
        kernel = self.kernel(index, given)
        bias = 0.0 if self.bias is None else float(self.bias[index])
        if self.weights is not None and self.weights.ndim == 2:
            return np.full((1, 1), (kernel * given).sum() + bias)
        window = self.window
        edges = ((0, 0), (window.top, window.bottom), (window.left, window.beside))
        views = sliding_window_view(np.pad(given, edges), kernel.shape[1:], axis=(1, 2))
        steps = views[:, :: window.down, :: window.right]
        return np.einsum("chwij,cij->hw", steps, kernel) + bias

    def made(self, index: int, given: NDArray[np.float64]) -> NDArray[np.float64]:
        """The map, [height, width], or the unit, [1, 1], but for rounding; not for `area`, `rows`.

        Raises `ValueError` or `IndexError` if `given` is of a shape that does not fit.
        """
        values = self.sums(index, given) if self.kind == "sum" else given[index]
        if self.relu:
            values = np.maximum(values, 0)
        pool = self.pool if self.kind == "sum" else self.window
        return _largest(values, pool) if pool else values


def _largest(values: NDArray[np.float64], window: Window) -> NDArray[np.float64]:
    """The largest value in each window."""
    edges = ((window.top, window.bottom), (window.left, window.beside))
    within = np.pad(values, edges, constant_values=-np.inf)
    views = sliding_window_view(within, (window.height, window.width))
    return views[:: window.down, :: window.right].max(axis=(2, 3))


def _in_rows(units: NDArray[np.float64]) -> NDArray[np.float64]:
    width = min(len(units), _UNITS_PER_ROW)
    return np.pad(units, (0, -len(units) % width)).reshape(1, -1, width)
