"""Pen strokes of digits without end, made from hand-drawn templates and a seed.

So everything works with no data and no network. What the set is worth, trained on alone and tested
on people's drawings, stands in docs/models.md.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.random import Generator

from trainer.data.datasets import data_set
from trainer.data.rendering.canvas import RenderStyle, render
from trainer.data.rendering.rendered import Drawings
from trainer.data.rendering.stroke_augmentation import bending
from trainer.data.samples import Samples, Split
from trainer.data.strokes.templates import TEMPLATES, Stroke
from trainer.recognition.preprocess import Pixels
from trainer.recognition.strokes import Line, Strokes, catmull_rom

_SIZES = {Split.TRAIN: 60_000, Split.VALIDATION: 5_000, Split.TEST: 5_000}


@data_set("synthetic", "Synthetic strokes: made by this project")
def synthetic(split: Split, _folder: Path, size: int | None, seed: int) -> Samples:
    """Digits drawn on a canvas from warped templates.

    Validation and test are the same whatever the seed, and share no random stream with training.
    """
    return Drawings(_draw, size or _SIZES[split], split, seed).samples()


def _draw(_index: int, rng: Generator) -> tuple[int, Pixels]:
    label = int(rng.integers(10))
    return label, render(drawn(label, rng), RenderStyle.random(rng))


def drawn(label: int, rng: Generator) -> Strokes:
    """Strokes of a digit in one of its styles, drawn by an imagined hand."""
    styles = TEMPLATES[label]
    return _by_hand(styles[list(styles)[rng.integers(len(styles))]], rng)


def _by_hand(style: list[Stroke], rng: Generator) -> Strokes:
    """Draw a template as a hand would: every point off by a little, the whole of it warped."""
    unsteadiness = rng.uniform(0.01, 0.05)
    lines = []
    for stroke in style:
        points = _jitter(np.array(stroke), unsteadiness, rng)
        lines.append(_ends(_curve(points), rng) + rng.normal(0, unsteadiness / 2, 2))
    return _sample(_warp(lines, rng), rng)


def _jitter(points: Line, amount: float, rng: Generator) -> Line:
    """Move each point by its own offset, and a corner's two copies by the same one."""
    offsets = rng.normal(0, amount, points.shape)
    for i in range(1, len(points)):
        if (points[i] == points[i - 1]).all():
            offsets[i] = offsets[i - 1]
    return points + offsets


def _curve(points: Line) -> Line:
    """Run a Catmull-Rom spline through the points, broken where a point stands twice."""
    doubled = (points[1:] == points[:-1]).all(axis=1)
    pieces = np.split(points, np.flatnonzero(doubled) + 1)
    return np.concatenate([catmull_rom(piece) for piece in pieces])


def _ends(line: Line, rng: Generator) -> Line:
    """Let the pen come down late or lift early, or overshoot with a small hook."""
    cut = rng.integers(0, max(1, len(line) // 10), 2)
    line = line[cut[0] : len(line) - cut[1]]
    if rng.random() < 0.15:
        hook = line[-1] + rng.normal(0, 0.06, 2)
        line = np.vstack([line, hook])
    return line


def _warp(lines: Strokes, rng: Generator) -> Strokes:
    """Stretch, slant and turn the digit, and bend it by a smooth random field."""
    aspect = np.exp(rng.normal(-0.25, 0.25))
    slant = rng.normal(0.05, 0.22)
    turn = rng.normal(0, 0.12)
    stretch = np.array([[aspect, 0.0], [0.0, 1.0]])
    shear = np.array([[1.0, -slant], [0.0, 1.0]])
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    matrix = rotation @ shear @ stretch
    bend = bending(rng)
    return [bend(line - 0.5) @ matrix.T for line in lines]


def _sample(lines: Strokes, rng: Generator) -> Strokes:
    """Report the pen as a device does: every so often, with a little noise."""
    step = int(rng.integers(1, 5))
    noise = rng.uniform(0, 0.008)
    sampled = [np.vstack([line[::step], line[-1:]]) for line in lines]
    return [line + rng.normal(0, noise, line.shape) for line in sampled]
