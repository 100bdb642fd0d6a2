"""Composes numbers from the strokes of digits, to evaluate the recognition of numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.random import Generator

from trainer.recognition.strokes import Strokes

GAP = (0.18, 0.5)
"""Range of the gap between digits that do not touch, in digit heights; wider than the pen."""


def compose_number(digits: Sequence[Strokes], rng: Generator, touching: bool = False) -> Strokes:
    """Place digits beside each other, with about the same height and baseline.

    The height of a digit is about 1. With `touching`, neighboring digits overlap a little;
    otherwise the gaps between them are drawn from `GAP`.
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
