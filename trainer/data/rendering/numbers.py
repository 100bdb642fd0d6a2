"""Numbers in somebody's hand, put together from digits: what several digits are measured on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.random import Generator

from trainer.recognition.strokes import Strokes

GAP = (0.18, 0.5)
"""Between two digits that do not touch, in heights of a digit; wider than any pen used here."""


def put_together(digits: Sequence[Strokes], rng: Generator, touching: bool = False) -> Strokes:
    """Strokes of a number: each digit of about the same height, on about the same line.

    Two digits that touch overlap by a little.
    """
    lines: Strokes = []
    edge = 0.0
    for digit in digits:
        points = np.vstack(digit)
        low, extent = points.min(axis=0), np.ptp(points, axis=0)
        scale = rng.uniform(0.85, 1.15) / max(float(extent[1]), 0.4 * float(extent[0]), 1e-9)
        lift = rng.normal(0, 0.05) - extent[1] * scale
        lines += [(line - low) * scale + [edge, lift] for line in digit]
        gap = rng.uniform(-0.06, 0.0) if touching else rng.uniform(*GAP)
        edge += float(extent[0]) * scale + gap
    return lines
