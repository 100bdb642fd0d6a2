"""Finds in a graph how the values of each stage come about from those of the stage before.

It is the graph that answers, whoever trained it. Where a layer is none that is known here, nothing
is said of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trainer.recognition.onnx_file import Graph, Node
from trainer.recognition.wiring import ARITHMETIC, CELL, Step, Window, Wiring

_ALIKE = {"Cast", "Identity", "Dropout", "DequantizeLinear"}
_EACH_VALUE = {"Relu", "QuantizeLinear"} | _ALIKE | ARITHMETIC.keys()
_FLAT = {"Reshape", "Flatten"}
_SUMS = {"Conv", "Gemm"}
_LAYERS = {"Relu", "MaxPool"} | _SUMS
_RECURRENT = {"RNN", "LSTM", "GRU"}

_MOST_NODES = 2_000  # of a graph; the shipped ones have up to 62
_LONGEST = 100  # nodes from one stage to the next; more steps are not told one by one
_LARGEST = 64  # cells of a layer's window, step or edge, of pictures that have 28
_LARGEST_AREA = 10_000  # the same of several layers

Constants = dict[str, NDArray]


class _Path(NamedTuple):
    """The way to a value from the stage before it."""

    source: str
    steps: tuple[tuple[Node, Step | None], ...] | None = ()
    """The nodes, with what those do that change each value alone; None where ways have met."""
    window: Window | None = CELL
    """What of the source counts; None where that is not known."""
    directions: frozenset[str] = frozenset()
    """Of the recurrent layers on the way."""


def wirings(graph: Graph) -> dict[str, Wiring]:
    """How the values of each stage come about, by its name, as far as it can be told.

    Takes time and memory in proportion to the graph; of one with more nodes than any model here
    could need, nothing is told.
    """
    if len(graph.nodes) > _MOST_NODES:
        return {}
    stages = _stages(graph)
    constants = dict(graph.constants)
    paths = dict.fromkeys(graph.inputs[:1], _Path(""))
    found: dict[str, Wiring] = {}
    for node in graph.nodes:
        read = [paths[name] for name in node.inputs if name in paths]
        if not read:
            _evaluate(node, constants)
            continue
        path = _through(node, read, constants)
        for output in node.outputs:
            stage = stages.get(output)
            paths[output] = _Path(stage) if stage else path
            if stage and (wiring := _wiring(path, constants)):
                found.setdefault(stage, wiring)
    return found


def _stages(graph: Graph) -> dict[str, str]:
    """The stages by the names of their values; of quantized ones those that others read."""
    names = set(graph.outputs[1:])
    stages = {name: name for name in names}
    for node in graph.nodes:
        if node.type == "DequantizeLinear" and node.outputs[0] in names:
            stages[node.inputs[0]] = stages.pop(node.outputs[0])
    return stages


def _evaluate(node: Node, constants: Constants) -> None:
    """Add what a node makes of constants, if it only changes their type."""
    values, *rest = (constants.get(name) for name in node.inputs or [""])
    if values is None:
        return
    if node.type == "Cast":
        constants[node.outputs[0]] = values.astype(np.float32)
    elif node.type == "DequantizeLinear" and rest and rest[0] is not None:
        along = (-1,) + (1,) * (values.ndim - 1) if rest[0].size > 1 else ()
        numbers = values.astype(np.float32)
        if rest[1:] and rest[1] is not None:
            numbers = numbers - rest[1].astype(np.float32).reshape(along)
        constants[node.outputs[0]] = numbers * rest[0].reshape(along)


def _through(node: Node, read: Sequence[_Path], constants: Constants) -> _Path:
    """The way through a node, given those to what it reads."""
    first, *others = read
    directions = frozenset(way for each in read for way in each.directions)
    if node.type in _RECURRENT:
        directions |= {str(node.attributes.get("direction", "forward"))}
    if others:
        return _Path(first.source, None, _met(node, read), directions)
    step = _step(node, constants)
    window = None
    if step:
        window = first.window
    elif first.window and (own := _window(node, constants)):
        window = own.after(first.window)
        if max(window) > _LARGEST_AREA:
            window = None
    steps = None
    if first.steps is not None and len(first.steps) < _LONGEST:
        steps = (*first.steps, (node, step))
    return _Path(first.source, steps, window, directions)


def _met(node: Node, read: Sequence[_Path]) -> Window | None:
    """What counts for the sum of two values."""
    if node.type != "Add" or len({each.source for each in read}) > 1:
        return None
    first, second = (each.window for each in read)
    return first.joined(second) if first and second else None


def _step(node: Node, constants: Constants) -> Step | None:
    """What a node does to each value alone; None if it does something else."""
    if node.type not in _EACH_VALUE:
        return None
    operands = tuple(constants.get(name) for name in node.inputs)
    given = [each for each in operands if each is not None]
    if node.type in ARITHMETIC.keys() | {"QuantizeLinear"} and (
        len(given) != len(operands) - 1 or any(each.size != 1 for each in given)
    ):
        return None
    if node.type == "QuantizeLinear" and (len(operands) != 3 or given[-1].dtype.kind not in "iu"):
        return None
    return Step(node.type, operands)


def _window(node: Node, constants: Constants) -> Window | None:
    """The window of a convolution or of pooling; None if it is of a kind that is not shown."""
    if node.type not in {"Conv", "MaxPool"}:
        return None
    weights = constants.get(node.inputs[1]) if node.type == "Conv" else None
    size = node.ints("kernel_shape", list(weights.shape[2:]) if weights is not None else [])
    pads, strides = node.ints("pads", [0] * 4), node.ints("strides", [1, 1])
    is_usual = (
        [len(size), len(pads), len(strides)] == [2, 4, 2]
        and min(*size, *strides) > 0 <= min(pads)
        and max(*size, *strides, *pads) <= _LARGEST
        and node.attributes.get("auto_pad", "NOTSET") == "NOTSET"
        and node.attributes.get("group", 1) == 1
        and node.attributes.get("ceil_mode", 0) == 0
        and node.ints("dilations", [1, 1]) == [1, 1]
    )
    return Window(*size, *strides, *pads) if is_usual else None


def _wiring(path: _Path, constants: Constants) -> Wiring | None:
    """What a way from the stage before amounts to."""
    if path.directions:
        forward = path.directions == {"forward"}
        return None if path.source else Wiring(kind="rows", source="", forward=forward)
    if path.steps is not None and (wiring := _layer(path.source, path.steps, constants)):
        return wiring
    return path.window and Wiring(kind="area", source=path.source, window=path.window)


def _layer(
    source: str, steps: Sequence[tuple[Node, Step | None]], constants: Constants
) -> Wiring | None:
    """A layer: values, a sum of them, what is done to it. None for any other order."""
    at = next((i for i, (node, _) in enumerate(steps) if node.type in _LAYERS), len(steps))
    before = [step for node, step in steps[:at] if node.type not in _FLAT]
    if at == len(steps) or None in before:
        return None
    node, _ = steps[at]
    is_sum = node.type in _SUMS
    sums = _sum(node, constants) if is_sum else {}
    after = _after(steps[at + is_sum :], constants)
    if sums is None or after is None:
        return None
    about = {"source": source, "before": tuple(before), **sums, **after}
    if is_sum:
        return Wiring(kind="sum", **about)
    pool = about.pop("pool")
    return Wiring(kind="largest" if pool else "same", window=pool or CELL, **about)


def _after(steps: Sequence[tuple[Node, Step | None]], constants: Constants) -> dict | None:
    """What is done to sums; None if it is more than to keep the positive or the largest ones."""
    relu, rounded, pool = False, False, None
    for node, step in steps:
        if node.type == "MaxPool" and not pool:
            pool = _window(node, constants)
            if not pool:
                return None
        elif node.type == "Relu":
            relu = True
        elif step and node.type == "QuantizeLinear":
            rounded, relu = True, relu or _starts_at_zero(step)
        elif node.type not in _ALIKE:
            return None
    return {"relu": relu, "rounded": rounded, "pool": pool}


def _sum(node: Node, constants: Constants) -> dict | None:
    """Weights, bias and window of a layer that adds up; None if they are not there."""
    weights = constants.get(node.inputs[1])
    bias = constants.get(node.inputs[2]) if len(node.inputs) > 2 else None
    if weights is None or (bias is None) != (len(node.inputs) < 3):
        return None
    if node.type == "Conv":
        window = _window(node, constants)
        return window and {"weights": weights, "bias": bias, "window": window}
    if (node.attributes.get("alpha", 1), node.attributes.get("beta", 1)) != (1, 1):
        return None
    weights = weights if node.attributes.get("transB") else weights.T
    if bias is not None and bias.size in {1, len(weights)}:  # the same for all, or of each unit
        bias = np.broadcast_to(bias.ravel(), len(weights))
    return {"weights": weights, "bias": bias}


def _starts_at_zero(step: Step) -> bool:
    """Whether the range of a quantized value begins at 0, which is what a ReLU would do."""
    zero = step.operands[2]
    return zero is not None and zero.item() == np.iinfo(zero.dtype).min
