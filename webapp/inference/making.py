"""Shows how one map of a stage was made of those of the stage before, for the inside pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from trainer.recognition.array_types import Pixels
from trainer.recognition.preprocess import SIDE
from trainer.recognition.recognizer import Recognizer
from webapp.inference.explain import NotExplainable
from webapp.schemas import MadeMap, MapRequest

if TYPE_CHECKING:
    from trainer.recognition.wiring import Window, Wiring

_DECIMALS = 5


def made_map(seen: Image.Image, recognizer: Recognizer, asked: MapRequest) -> MadeMap:
    """How a map of a stage was made, for an input of the model.

    `asked.seen` is not used. Raises `NotExplainable` for an image of another size, and for a map
    that does not exist, or of which it is not known.
    """
    if seen.size != (SIDE, SIDE):
        raise NotExplainable(f"`seen` has to have {SIDE}×{SIDE} pixels")
    try:
        pixels: Pixels = np.asarray(seen.convert("L"))
    except ValueError as error:  # LAB, say
        raise NotExplainable("`seen` has to be a gray picture") from error
    stages = {name: given for name, (given,) in recognizer.stages(pixels[None]).items()}
    wiring = recognizer.wirings.get(asked.stage)
    if wiring is None or asked.stage not in stages:
        raise NotExplainable(f"how {asked.stage!r} comes about is not known")
    stage = _as_maps(stages[asked.stage])
    if asked.index >= len(stage):
        raise NotExplainable(f"{asked.stage!r} has {len(stage)} maps")
    given = wiring.given(stages[wiring.source] if wiring.source else pixels[None])
    if wiring.kind in {"largest", "same"}:
        given = given[asked.index : asked.index + 1]
    made = MadeMap(
        kind=wiring.kind,
        source=wiring.source,
        version=recognizer.card.version,
        count=len(stage),
        values=_numbers(stage[asked.index]),
        shape=_shape(stage),
        inputs=[_numbers(each) for each in given],
        input_shape=_shape(given),
        window=_frame(wiring.window),
        relu=wiring.relu,
        pool=wiring.pool and _frame(wiring.pool),
        rounded=wiring.rounded,
        forward=wiring.forward,
    )
    if wiring.kind == "sum":
        _add_sums(made, wiring, asked.index, given)
    return made


def _add_sums(made: MadeMap, wiring: Wiring, index: int, given: NDArray[np.float64]) -> None:
    assert wiring.weights is not None  # noqa: S101 - for mypy
    kernel, sums = wiring.kernel(index, given), wiring.sums(index, given)
    made.weights = [_numbers(each) for each in kernel]
    made.bias = 0.0 if wiring.bias is None else float(wiring.bias[index])
    made.sums, made.sums_shape = _numbers(sums), _shape(sums)
    if wiring.weights.ndim == 2:
        made.window = (*_shape(given), 1, 1, 0, 0)
        units = wiring.weights.shape[1]
        if len(given) == 1:  # the last row is not filled up
            made.inputs, made.weights = [made.inputs[0][:units]], [made.weights[0][:units]]


def _as_maps(stage: NDArray[np.float32]) -> NDArray[np.float32]:
    """A stage's values by map, [maps, height, width]; of units, [units, rows, 1]."""
    if stage.ndim == 3:
        return stage
    return stage.T.reshape(stage.shape[-1], -1, 1)


def _numbers(values: NDArray) -> list[float]:
    numbers: list[float] = values.ravel().astype(np.float64).round(_DECIMALS).tolist()
    return numbers


def _shape(values: NDArray) -> tuple[int, int]:
    height, width = values.shape[-2:]
    return int(height), int(width)


def _frame(window: Window) -> tuple[int, int, int, int, int, int]:
    height, width, down, right, top, left, *_ = window
    return height, width, down, right, top, left
