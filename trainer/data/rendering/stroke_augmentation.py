"""Stroke augmentation: random distortions of the pen's path, before rendering.

It makes the drawings of a few writers stand for those of many: the elastic distortions of Simard,
Steinkraus and Platt (2003), applied to strokes instead of pixels.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.random import Generator

from trainer.recognition.strokes import Line, Strokes, rotation

# Standard deviations of the random changes to each stroke.
_OFFSET = 0.02  # of the drawing's longer side
_LOG_SCALE = 0.06  # logarithm of a factor
_ROTATION = 0.05  # radians
_WAVE_AMPLITUDE = 0.03  # of the field that distorts the whole drawing, by its longer side


def augment_strokes(strokes: Strokes, rng: Generator) -> Strokes:
    """Distort a drawing by a smooth random field, and move, scale and rotate each stroke a little.

    The drawing is first scaled to a longer side of 1, centered at the origin. Returns as many
    strokes of as many points.
    """
    points = np.vstack(strokes)
    low, high = points.min(axis=0), points.max(axis=0)
    middle, longest = (low + high) / 2, max(float((high - low).max()), 1e-9)
    distort = random_distortion(rng)
    return [distort(_moved((line - middle) / longest, rng)) for line in strokes]


def random_distortion(rng: Generator) -> Callable[[Line], Line]:
    """A smooth random displacement field, applied to all lines of a drawing.

    Coordinates are in units of about the drawing's longer side.
    """
    frequency = rng.uniform(1.5, 5, (2, 2, 2))
    phase = rng.uniform(0, 2 * np.pi, (2, 2))
    amplitude = rng.normal(0, _WAVE_AMPLITUDE, (2, 2))

    def distort(line: Line) -> Line:
        waves = np.sin(np.einsum("nc,adc->nad", line, frequency) + phase) * amplitude
        return line + waves.sum(axis=2)

    return distort


def _moved(line: Line, rng: Generator) -> Line:
    """Rotate and scale a stroke around its center of mass, and move it."""
    center = line.mean(axis=0)
    angle, scale = rng.normal(0, _ROTATION), np.exp(rng.normal(0, _LOG_SCALE))
    turned = (line - center) @ rotation(angle) * scale
    return turned + center + rng.normal(0, _OFFSET, 2)
