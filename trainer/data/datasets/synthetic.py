"""Synthetic digits: strokes from hand-drawn templates, randomly distorted.

They let everything run without data or network access.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.random import Generator

from trainer.data.datasets import GATE_PARTS, data_set
from trainer.data.rendering.canvas import RenderStyle, render
from trainer.data.rendering.rendered import RenderedDataset
from trainer.data.rendering.stroke_augmentation import random_distortion
from trainer.data.samples import Samples, Split
from trainer.data.strokes.templates import TEMPLATES, Stroke
from trainer.recognition.array_types import Pixels
from trainer.recognition.strokes import Line, Strokes, catmull_rom, rotation

_DEFAULT_SIZES = {Split.TRAIN: 60_000, Split.VALIDATION: 5_000, Split.TEST: 5_000}
_GATE_SIZE = 3_000


@data_set("synthetic", "Synthetic strokes: made by this project")
def synthetic(split: Split, _folder: Path, size: int | None, seed: int) -> Samples:
    """Digits in random styles.

    Validation and test splits do not depend on the seed, and share no random numbers with training.
    """
    return RenderedDataset(_draw, size or _DEFAULT_SIZES[split], split, seed).samples()


@GATE_PARTS.register("synthetic")
def gate(_folder: Path) -> Samples:
    """Digits in random styles, from random numbers of their own."""
    return RenderedDataset(_draw, _GATE_SIZE, None).samples()


def _draw(_index: int, rng: Generator) -> tuple[int, Pixels]:
    label = int(rng.integers(10))
    return label, render(synthetic_strokes(label, rng), RenderStyle.random(rng))


def synthetic_strokes(label: int, rng: Generator) -> Strokes:
    """Random strokes of a digit, 0..9, in a unit square or so, from a random template of it."""
    styles = TEMPLATES[label]
    return from_template(styles[list(styles)[rng.integers(len(styles))]], rng)


def from_template(style: list[Stroke], rng: Generator) -> Strokes:
    """Draw a template with random deviations of each point, of each stroke, and of the whole."""
    unsteadiness = rng.uniform(0.01, 0.05)
    lines = []
    for stroke in style:
        points = _jitter(np.array(stroke), unsteadiness, rng)
        lines.append(_with_random_ends(_curve(points), rng) + rng.normal(0, unsteadiness / 2, 2))
    return _sampled(_warped(lines, rng), rng)


def _jitter(points: Line, amount: float, rng: Generator) -> Line:
    """Move each point by its own random offset, but the two copies of a corner by the same one."""
    offsets = rng.normal(0, amount, points.shape)
    for i in range(1, len(points)):
        if (points[i] == points[i - 1]).all():
            offsets[i] = offsets[i - 1]
    return points + offsets


def _curve(points: Line) -> Line:
    """Interpolate by splines, with corners at points that are given twice."""
    doubled = (points[1:] == points[:-1]).all(axis=1)
    pieces = np.split(points, np.flatnonzero(doubled) + 1)
    return np.concatenate([catmull_rom(piece) for piece in pieces])


def _with_random_ends(line: Line, rng: Generator) -> Line:
    """Let the pen touch down late or lift early, or end with a small hook."""
    cut = rng.integers(0, max(1, len(line) // 10), 2)
    line = line[cut[0] : len(line) - cut[1]]
    if rng.random() < 0.15:
        hook = line[-1] + rng.normal(0, 0.06, 2)
        line = np.vstack([line, hook])
    return line


def _warped(lines: Strokes, rng: Generator) -> Strokes:
    """Stretch, slant and rotate the digit, and distort it by a smooth random field."""
    aspect = np.exp(rng.normal(-0.25, 0.25))
    slant = rng.normal(0.05, 0.22)
    angle = rng.normal(0, 0.12)
    stretch = np.array([[aspect, 0.0], [0.0, 1.0]])
    shear = np.array([[1.0, -slant], [0.0, 1.0]])
    # `rotation` is for row vectors; this product is for column vectors, so the angle is reversed.
    matrix = rotation(-angle) @ shear @ stretch
    distort = random_distortion(rng)
    return [distort(line - 0.5) @ matrix.T for line in lines]


def _sampled(lines: Strokes, rng: Generator) -> Strokes:
    """Sample the lines at intervals and with noise, as an input device does."""
    step = int(rng.integers(1, 5))
    noise = rng.uniform(0, 0.008)
    sampled = [np.vstack([line[::step], line[-1:]]) for line in lines]
    return [line + rng.normal(0, noise, line.shape) for line in sampled]
