"""Composes numbers from the strokes of digits and marks, to evaluate the recognition of numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.random import Generator

from trainer.recognition.strokes import Strokes

GAP = (0.18, 0.5)
"""Range of the gap between digits that do not touch, in digit heights; wider than the pen."""

OVERLAP = (-0.06, 0.0)
"""The same of digits that touch."""

LEADING = (0.3, 0.7)
"""Range of the gap between the digits of two rows, in digit heights."""

Range = tuple[float, float]

MARKS: Mapping[str, tuple[Range, Range]] = {
    ".": ((0.0, 0.04), (-0.02, 0.05)),
    ",": ((0.15, 0.3), (-0.12, 0.05)),
    ":": ((0.4, 0.6), (0.35, 0.5)),
    "/": ((1.05, 1.4), (0.45, 0.55)),
    "+": ((0.45, 0.7), (0.4, 0.55)),
    "-": ((0.4, 0.6), (0.4, 0.55)),
    "=": ((0.4, 0.6), (0.4, 0.55)),
    "%": ((0.8, 1.1), (0.45, 0.55)),
    "(": ((1.05, 1.3), (0.45, 0.55)),
    ")": ((1.05, 1.3), (0.45, 0.55)),
}
"""Marks beside digits: the range of their longer side, and that of their middle above the line, in
digit heights."""

_LETTER: tuple[Range, Range] = ((0.6, 1.15), (0.4, 0.55))  # the same of everything else


def compose_number(
    digits: Sequence[Strokes],
    rng: Generator,
    marks: Mapping[int, tuple[str, Strokes]] | None = None,
    gap: Range = GAP,
) -> Strokes:
    """Place digits beside each other, with about the same height and baseline.

    The height of a digit is about 1. The gaps between digits are drawn from `gap`. `marks` has the
    marks or letters that stand before the digit with that index, with their strokes; after the last
    digit, at the number of digits.
    """
    lines: Strokes = []
    edge = 0.0
    for index, digit in enumerate([*digits, None]):
        if marks and index in marks:
            label, strokes = marks[index]
            lines += _placed_mark(label, strokes, edge, rng)
            edge = max(float(line[:, 0].max()) for line in lines) + rng.uniform(*GAP)
        if digit is None:
            break
        points = np.vstack(digit)
        low, extent = points.min(axis=0), np.ptp(points, axis=0)
        scale = rng.uniform(0.85, 1.15) / max(float(extent[1]), 0.4 * float(extent[0]), 1e-9)
        lift = rng.normal(0, 0.05) - extent[1] * scale
        lines += [(line - low) * scale + [edge, lift] for line in digit]
        edge += float(extent[0]) * scale + rng.uniform(*gap)
    return lines


def stack_rows(rows: Sequence[Strokes], rng: Generator) -> Strokes:
    """Place numbers below each other, each about 1 high, with gaps drawn from `LEADING`."""
    lines: Strokes = []
    edge = 0.0
    for row in rows:
        points = np.vstack(row)
        low, high = points.min(axis=0), points.max(axis=0)
        shift = np.array([rng.uniform(0, 0.5) - low[0], edge - low[1]])
        lines += [line + shift for line in row]
        edge += float(high[1] - low[1]) + rng.uniform(*LEADING)
    return lines


def _placed_mark(label: str, strokes: Strokes, edge: float, rng: Generator) -> Strokes:
    """A mark to the right of `edge`."""
    sizes, middles = MARKS.get(label, _LETTER)
    points = np.vstack(strokes)
    low, extent = points.min(axis=0), np.ptp(points, axis=0)
    scale = rng.uniform(*sizes) / max(float(extent.max()), 1e-9)
    top = -rng.uniform(*middles) - extent[1] * scale / 2
    return [(line - low) * scale + [edge, top] for line in strokes]
