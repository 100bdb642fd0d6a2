"""Digits in forms that are often misread, each in as many hands as wanted.

Each function draws one form from parameters that it chooses at random: a `Style` as in
`templates.py`, points (x, y) in about a unit square, y down; a point given twice is a corner.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.random import Generator

from trainer.data.strokes.templates import Stroke, Style

Hand = Callable[[Generator], Style]


def flagged_one(rng: Generator) -> Style:
    """A 1 without a foot whose flag reaches from just below the top to near the ground."""
    top, lean = rng.uniform(0.45, 0.7), rng.uniform(-0.15, 0.1)
    reach, drop = rng.uniform(0.15, 0.5), rng.uniform(0.1, 0.8)
    bend = rng.uniform(-0.05, 0.05)
    middle = (top - reach / 2 + bend, drop / 2 + bend)
    flag = [(top - reach, drop), middle, (top, 0.0), (top, 0.0)]
    return [[*flag, (top + lean / 2, 0.5), (top + lean, 1.0)]]


def footed_one(rng: Generator) -> Style:
    """A 1 with a foot, with or without a flag, in one stroke or two."""
    top, lean = rng.uniform(0.4, 0.6), rng.uniform(-0.12, 0.08)
    bottom = top + lean
    left, right = bottom - rng.uniform(0.1, 0.35), bottom + rng.uniform(0.1, 0.4)
    tilt = rng.normal(0, 0.03)
    stem: Stroke = [(top, 0.0), (bottom, 1.0)]
    if rng.random() < 0.7:
        reach = rng.uniform(0.1, 0.35)
        stem = [(top - reach, rng.uniform(0.5, 1.2) * reach), (top, 0.0), *stem]
    foot: Stroke = [(left, 1 + tilt), (right, 1 - tilt)]
    if rng.random() < 0.6:
        return [stem, foot]
    corner = (bottom, 1.0)
    return [[*stem, corner, foot[0], foot[0], foot[1]]]


def bold_one(rng: Generator) -> Style:
    """A 1 as a bar that was gone over several times, as wide as a third of its height."""
    width, lean = rng.uniform(0.06, 0.3), rng.uniform(-0.2, 0.1)
    passes = int(rng.integers(3, 7))
    line: Stroke = []
    for index, across in enumerate(np.linspace(-width / 2, width / 2, passes)):
        ends = [(0.5 + across, 0.0), (0.5 + across + lean, 1.0)]
        for end in ends if index % 2 == 0 else ends[::-1]:
            line += [end, end]
    return [line[1:-1]]


def boxy_six(rng: Generator) -> Style:
    """A 6 with a square belly and a short straight hook."""
    left, right = rng.uniform(0.1, 0.2), rng.uniform(0.65, 0.85)
    waist, hook = rng.uniform(0.42, 0.58), rng.uniform(0.12, 0.35)
    bottom = rng.uniform(0.95, 1.0)
    return [
        [
            (left + hook, rng.uniform(0.0, 0.1)),
            *[(left, rng.uniform(0.0, 0.2))] * 2,
            *[(left, bottom)] * 2,
            *[(right, bottom)] * 2,
            *[(right, waist)] * 2,
            (left + rng.uniform(-0.05, 0.1), waist + rng.uniform(-0.03, 0.05)),
        ]
    ]


def hooked_six(rng: Generator) -> Style:
    """A 6 whose head curls over to the right and down again."""
    right, down = rng.uniform(0.7, 0.95), rng.uniform(0.1, 0.32)
    belly = rng.uniform(0.45, 0.62)
    return [
        [
            (right, down),
            (right - rng.uniform(0.05, 0.2), rng.uniform(0.0, 0.08)),
            (0.42, 0.06),
            (0.18, 0.42),
            (0.12, 0.75),
            (0.34, 0.99),
            (0.66, 0.96),
            (rng.uniform(0.74, 0.9), (belly + 1) / 2),
            (0.6, belly),
            (0.34, belly + 0.04),
            (0.15, belly + rng.uniform(0.1, 0.25)),
        ]
    ]


def open_eight(rng: Generator) -> Style:
    """An 8 whose line ends before it comes back to its beginning at the top."""
    start_x, start_y = rng.uniform(0.6, 0.85), rng.uniform(0.0, 0.2)
    end_x, end_y = start_x + rng.uniform(-0.02, 0.2), start_y + rng.uniform(0.08, 0.3)
    cross = rng.uniform(0.36, 0.5)
    return [
        [
            (start_x, start_y),
            (0.48, 0.01),
            (rng.uniform(0.15, 0.28), 0.18),
            (0.36, cross - 0.06),
            (0.66, cross + 0.12),
            (rng.uniform(0.74, 0.86), 0.8),
            (0.5, 1.0),
            (rng.uniform(0.14, 0.26), 0.82),
            (0.36, cross + 0.12),
            (0.6, cross - 0.06),
            (end_x, end_y),
        ]
    ]


def slashed_zero(rng: Generator) -> Style:
    """An upright 0 with a steep or upright slash, inside of the ring or beyond it."""
    width = rng.uniform(0.34, 0.46)
    ring = [
        (0.5 + width * float(np.sin(angle)), 0.5 - 0.49 * float(np.cos(angle)))
        for angle in np.linspace(0, -2 * np.pi, 11) + rng.uniform(-0.3, 0.3)
    ]
    reach, lean = rng.uniform(0.25, 0.72), rng.uniform(-0.05, 0.25)
    slash = [(0.5 + lean, 0.5 - reach), (0.5 - lean, 0.5 + reach)]
    return [ring, slash if rng.random() < 0.7 else slash[::-1]]


HANDS: dict[int, tuple[Hand, ...]] = {
    0: (slashed_zero,),
    1: (flagged_one, footed_one, bold_one),
    6: (boxy_six, hooked_six),
    8: (open_eight,),
}
"""The forms of each digit that has any."""
