"""Lines for the charts of a model's page, as points of an SVG polyline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trainer.recognition.bundle import Epoch

WIDTH, HEIGHT = 100, 50
"""Of a chart, in units of its SVG."""


@dataclass(frozen=True, slots=True)
class Curves:
    """One quantity by epoch: `train` and `validation` as points; `low` and `high` are the ends."""

    train: str
    validation: str
    low: float
    high: float


def curves(history: Sequence[Epoch], quantity: str) -> Curves:
    """The `loss` or `accuracy` of each epoch, in training and validation, on one scale."""
    train = [float(getattr(epoch, quantity)) for epoch in history]
    validation = [float(getattr(epoch, f"validation_{quantity}")) for epoch in history]
    low, high = min(train + validation), max(train + validation)
    return Curves(_points(train, low, high), _points(validation, low, high), low, high)


def _points(values: Sequence[float], low: float, high: float) -> str:
    step = WIDTH / max(1, len(values) - 1)
    scale = HEIGHT / max(high - low, 1e-9)
    return " ".join(
        f"{index * step:.1f},{(high - value) * scale:.1f}" for index, value in enumerate(values)
    )
