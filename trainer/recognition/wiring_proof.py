"""Keeps only those explanations of a layer that reproduce the model's own values for a trial input.

A graph may hold what is not known here: another order of the same numbers, types that cut them off.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from trainer.recognition.array_types import Pixels
from trainer.recognition.preprocess import SIDE
from trainer.recognition.wiring import Wiring

_MOST_VALUES = 100_000  # of a stage; the shipped models' largest has 7,840
_MOST_PRODUCTS = 20_000_000  # of a map; the shipped models' largest has 150,000
_CLOSE = 1e-4  # of the largest value: sums of 32-bit numbers are not exact


def proven(
    found: Mapping[str, Wiring], stages: Callable[[Pixels], Mapping[str, NDArray[np.float32]]]
) -> dict[str, Wiring]:
    """Those that a trial input bears out, by the name of their stage.

    `stages` runs the model, given uint8 [1, 28, 28]. Of sums and of what is kept of them, a few
    maps are made anew; areas and rows are taken as they are. Stages too large to be shown, or with
    values that are not finite, are left out.
    """
    if not found:
        return {}
    pixels: Pixels = np.random.default_rng(0).integers(0, 256, (1, SIDE, SIDE), np.uint8)
    values = {name: given for name, (given,) in stages(pixels).items()} | {"": pixels}
    return {
        name: wiring
        for name, wiring in found.items()
        if _is_small(values[name])
        and _is_small(values[wiring.source])
        and _makes(wiring, values[wiring.source], values[name])
    }


def _is_small(values: NDArray) -> bool:
    return 0 < values.size <= _MOST_VALUES and bool(np.isfinite(values).all())


def _makes(wiring: Wiring, source: NDArray, values: NDArray[np.float32]) -> bool:
    """Whether a stage's values are made of the source's."""
    if wiring.kind in {"area", "rows"}:
        return True
    reach = _CLOSE * max(1.0, float(np.abs(values).max()))
    steps = np.diff(np.unique(values))
    if wiring.rounded and len(steps):
        reach += float(steps.min()) / 2
    if wiring.weights is not None and wiring.weights[:1].size > _MOST_VALUES:
        return False
    last = len(values) - 1
    try:
        given = wiring.given(source)
        if wiring.products(given) > _MOST_PRODUCTS:
            return False
        made = {index: wiring.made(index, given) for index in (0, last // 2, last)}
    except (IndexError, ValueError):  # shapes that do not fit
        return False
    return all(
        each.squeeze().shape == values[index].squeeze().shape
        and np.abs(each.squeeze() - values[index].squeeze()).max() <= reach
        for index, each in made.items()
    )
