"""Training curves of a model page, as points of SVG polylines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trainer.recognition.bundle import Epoch

WIDTH, HEIGHT = 100, 50
"""Size of a chart in SVG user units."""


@dataclass(frozen=True, slots=True)
class Curves:
    """One metric per epoch: two values for the `points` attribute, and the range of the y-axis."""

    train: str
    validation: str
    low: float
    high: float


def curves(history: Sequence[Epoch], quantity: str) -> Curves:
    """Training and validation curves of `quantity` ("loss" or "accuracy") on a shared y-axis."""
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
