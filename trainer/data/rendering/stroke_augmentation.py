"""The same digit as another hand might have written it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.random import Generator

from trainer.recognition.strokes import Line, Strokes

_OFFSET = 0.02  # standard deviations, of the drawing's longer side: how far a stroke lies off,
_GROWTH = 0.06  # in the logarithm: how much larger or smaller it is,
_TURN = 0.05  # radians: and how much it is turned


def another_hand(strokes: Strokes, rng: Generator) -> Strokes:
    """Bend a drawing by a smooth field, and move each of its strokes a little by itself.

    So the drawings of few writers stand for those of many (after Simard, Steinkraus and Platt 2003,
    on the pen's path instead of the picture). The longer side of what comes back is about 1.
    """
    points = np.vstack(strokes)
    low, high = points.min(axis=0), points.max(axis=0)
    middle, longest = (low + high) / 2, max(float((high - low).max()), 1e-9)
    bend = bending(rng)
    return [bend(_moved((line - middle) / longest, rng)) for line in strokes]


def bending(rng: Generator) -> Callable[[Line], Line]:
    """A smooth random field by which to bend all the lines of a drawing, about 1 high or wide."""
    frequency = rng.uniform(1.5, 5, (2, 2, 2))
    phase = rng.uniform(0, 2 * np.pi, (2, 2))
    amount = rng.normal(0, 0.03, (2, 2))

    def bend(line: Line) -> Line:
        waves = np.sin(np.einsum("nc,adc->nad", line, frequency) + phase) * amount
        return line + waves.sum(axis=2)

    return bend


def _moved(line: Line, rng: Generator) -> Line:
    centre = line.mean(axis=0)
    angle, growth = rng.normal(0, _TURN), np.exp(rng.normal(0, _GROWTH))
    cos, sin = np.cos(angle), np.sin(angle)
    turned = (line - centre) @ np.array([[cos, sin], [-sin, cos]]) * growth
    return turned + centre + rng.normal(0, _OFFSET, 2)
