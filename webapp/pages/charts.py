"""Training curves of a model page, as points of SVG polylines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trainer.recognition.bundle import Epoch

WIDTH, HEIGHT = 100, 50
"""Size of a chart in SVG user units."""


@dataclass(frozen=True, slots=True)
class Chart:
    """One quantity per epoch: values for the `points` attribute, and the range of the y-axis."""

    lines: dict[str, str]
    """The points by the name of what is drawn."""
    low: float
    high: float


def chart(history: Sequence[Epoch], *names: str) -> Chart:
    """The curves of these fields of `Epoch` on one y-axis, so they must be the same quantity.

    The training loss and the validation loss are not: the first is what the recipe minimizes.
    """
    values = {name: [float(getattr(epoch, name)) for epoch in history] for name in names}
    every = [value for line in values.values() for value in line]
    low, high = min(every, default=0.0), max(every, default=0.0)
    return Chart({name: _points(line, low, high) for name, line in values.items()}, low, high)


def _points(values: Sequence[float], low: float, high: float) -> str:
    step = WIDTH / max(1, len(values) - 1)
    scale = HEIGHT / max(high - low, 1e-9)
    return " ".join(
        f"{index * step:.1f},{(high - value) * scale:.1f}" for index, value in enumerate(values)
    )
