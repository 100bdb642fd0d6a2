"""Synthetic non-digits: scribbles, lines, shapes, dots, noise, crossed-out or several digits."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.random import Generator

from trainer.data.datasets import GATE_PARTS, data_set
from trainer.data.datasets.synthetic import synthetic_strokes
from trainer.data.rendering.canvas import RenderStyle, render
from trainer.data.rendering.numbers import GAP, OVERLAP, compose_number
from trainer.data.rendering.rendered import RenderedDataset
from trainer.data.samples import Samples, Split
from trainer.recognition.array_types import Pixels
from trainer.recognition.labels import NOT_A_DIGIT
from trainer.recognition.strokes import Line, Strokes, catmull_rom, rotation

_DEFAULT_SIZES = {Split.TRAIN: 10_000, Split.VALIDATION: 2_000, Split.TEST: 2_000}
_GATE_SIZE = 2_000


@data_set("scribbles", "Scribbles: made by this project")
def scribbles(split: Split, _folder: Path, size: int | None, seed: int) -> Samples:
    """Each kind of scribble equally often, in random styles.

    Validation and test splits do not depend on the seed.
    """
    return RenderedDataset(_draw, size or _DEFAULT_SIZES[split], split, seed).samples()


@GATE_PARTS.register("scribbles")
def gate(_folder: Path) -> Samples:
    """Each kind of scribble equally often, from random numbers of their own."""
    return RenderedDataset(_draw, _GATE_SIZE, None).samples()


def _draw(index: int, rng: Generator) -> tuple[int, Pixels]:
    return NOT_A_DIGIT, scribble(index, rng)


def scribble(index: int, rng: Generator) -> Pixels:
    """Render a random scribble. `index` selects its kind; the kinds alternate, noise comes last."""
    kinds = len(KINDS)
    if index % (kinds + 1) == kinds:
        return _noise(rng)
    strokes = list(KINDS.values())[index % (kinds + 1)](rng)
    return render(strokes, RenderStyle.random(rng))


def _random_path(rng: Generator) -> Strokes:
    """A random path, long enough not to be a digit."""
    count = int(rng.integers(10, 40))
    if rng.random() < 0.5:
        points = rng.random((count, 2))
    else:
        points = np.cumsum(rng.normal(0, 1, (count, 2)), axis=0)
    return [catmull_rom(points)]


def _zigzag(rng: Generator) -> Strokes:
    count = int(rng.integers(7, 20))
    across = np.linspace(0, rng.uniform(0.8, 3), count) + rng.normal(0, 0.03, count)
    along = np.where(np.arange(count) % 2, 1.0, 0.0) + rng.normal(0, 0.1, count)
    points = np.column_stack([across, along])
    line = points if rng.random() < 0.5 else catmull_rom(points)
    return [line @ rotation(rng.uniform(0, np.pi))]


def _lines(rng: Generator) -> Strokes:
    """Several parallel lines, or a single line too close to horizontal to be a 1."""
    if rng.random() < 0.4:
        return [_segment(rng) @ rotation(rng.uniform(-np.pi / 5, np.pi / 5))]
    angle, distance = rng.uniform(0, np.pi), rng.uniform(0.15, 0.5)
    lines = []
    for number in range(int(rng.integers(3, 7))):
        offset = np.array([0, number * distance]) + rng.normal(0, 0.03, 2)
        lines.append((_segment(rng) + offset) @ rotation(angle))
    return lines


def _cross(rng: Generator) -> Strokes:
    """Two to four lines through one point: ×, +, an asterisk; or a grid."""
    angle = rng.uniform(0, np.pi)
    if rng.random() < 0.3:
        place = np.linspace(-0.4, 0.4, int(rng.integers(2, 4)))
        bars = [_segment(rng) + np.array([0, offset]) for offset in place]
        return [bar @ rotation(angle + turn) for turn in (0, np.pi / 2) for bar in bars]
    count = int(rng.integers(2, 5))
    turns = angle + np.arange(count) * np.pi / count + rng.normal(0, 0.12, count)
    return [(_segment(rng) + rng.normal(0, 0.05, 2)) @ rotation(turn) for turn in turns]


def _shape(rng: Generator) -> Strokes:
    """Spiral, star, triangle, wide rectangle, heart, arrow, tick, wave or face."""
    turn = rng.normal(0, 0.2)
    makers = (_spiral, _star, _triangle, _rectangle, _heart, _arrow, _tick, _wave, _face)
    strokes = makers[rng.integers(len(makers))](rng)
    return [_unsteady(line, rng) @ rotation(turn) for line in strokes]


def _spiral(rng: Generator) -> Strokes:
    angle = np.linspace(0, 2 * np.pi * rng.uniform(2.5, 5), 80) * rng.choice([-1, 1])
    radius = np.linspace(rng.uniform(0, 0.1), 1, 80)
    return [np.column_stack([np.cos(angle) * radius, np.sin(angle) * radius])]


def _star(rng: Generator) -> Strokes:
    points = int(rng.choice([5, 5, 6, 7]))
    skip = 2 if points != 6 or rng.random() < 0.5 else 1
    if rng.random() < 0.5 and points != 6:
        return [_polygon(points, skip)]
    corners = np.arange(2 * points + 1) * np.pi / points - np.pi / 2
    radius = np.where(np.arange(2 * points + 1) % 2, rng.uniform(0.3, 0.6), 1.0)
    return [np.column_stack([np.cos(corners) * radius, np.sin(corners) * radius])]


def _triangle(rng: Generator) -> Strokes:
    return [_polygon(3, 1) * rng.uniform(0.7, 1.4, 2)]


def _rectangle(rng: Generator) -> Strokes:
    width = rng.uniform(1.5, 3)
    return [np.array([[0, 0], [width, 0], [width, 1], [0, 1], [0, 0]], float)]


def _heart(_rng: Generator) -> Strokes:
    t = np.linspace(0, 2 * np.pi, 50)
    y = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
    return [np.column_stack([16 * np.sin(t) ** 3, -y]) / 17]


def _arrow(rng: Generator) -> Strokes:
    head = rng.uniform(0.2, 0.5)
    shaft = np.array([[-1, 0], [1, 0]], float)
    tip = np.array([[1 - head, -head], [1, 0], [1 - head, head]], float)
    return [line @ rotation(rng.choice([0, np.pi])) for line in (shaft, tip)]


def _tick(rng: Generator) -> Strokes:
    return [np.array([[0, 0], [0.35, rng.uniform(0.35, 0.6)], [1.1, -0.6]])]


def _wave(rng: Generator) -> Strokes:
    x = np.linspace(0, 2 * np.pi * rng.uniform(1.5, 4), 60)
    return [np.column_stack([x * 0.4, np.sin(x) * rng.uniform(0.3, 1)])]


def _face(rng: Generator) -> Strokes:
    round_ = np.linspace(0, 2 * np.pi, 40)
    ring = np.column_stack([np.cos(round_), np.sin(round_)])
    smile = np.column_stack([np.linspace(-0.5, 0.5, 12), 0.5 - 2 * np.linspace(-0.5, 0.5, 12) ** 2])
    eyes = [ring * 0.08 + [side * 0.35, -0.3] for side in (-1, 1)]
    return [ring, smile + np.array([0, rng.uniform(-0.2, 0.1)]), *eyes]


def _dots(rng: Generator) -> Strokes:
    """Several taps of the pen."""
    count = int(rng.integers(2, 9))
    return [place + rng.normal(0, 0.01, (3, 2)) for place in rng.random((count, 1, 2))]


def _crossed_out(rng: Generator) -> Strokes:
    """A digit that is crossed out and no longer legible."""
    digit = synthetic_strokes(int(rng.integers(10)), rng)
    points = np.vstack(digit)
    low, extent = points.min(axis=0), np.ptp(points, axis=0)
    over = (_zigzag, _random_path)[rng.integers(2)](rng) if rng.random() < 0.6 else _lines_over(rng)
    covering = np.vstack(over)
    start, reach = covering.min(axis=0), np.maximum(np.ptp(covering, axis=0), 1e-6)
    size = np.maximum(extent, 0.5 * extent.max()) * rng.uniform(0.9, 1.4)
    middle = low + extent / 2 - size / 2
    return digit + [(line - start) / reach * size + middle for line in over]


def _lines_over(rng: Generator) -> Strokes:
    count = int(rng.integers(2, 5))
    angles = rng.uniform(-0.5, 0.5) + np.arange(count) * np.pi / count
    return [_segment(rng) @ rotation(angle) for angle in angles]


def _several_digits(rng: Generator) -> Strokes:
    """Two to four digits beside each other, touching or not: not a single digit."""
    count = int(rng.choice([2, 2, 3, 4]))
    digits = [synthetic_strokes(int(rng.integers(10)), rng) for _ in range(count)]
    return compose_number(digits, rng, gap=OVERLAP if rng.random() < 0.5 else GAP)


KINDS: dict[str, Callable[[Generator], Strokes]] = {  # and noise
    "random path": _random_path,
    "zigzag": _zigzag,
    "lines": _lines,
    "cross": _cross,
    "shape": _shape,
    "dots": _dots,
    "crossed out": _crossed_out,
    "several digits": _several_digits,
}


def _noise(rng: Generator) -> Pixels:
    """No drawing at all: paper grain of any size."""
    side = int(rng.integers(28, 200))
    cells = int(rng.integers(4, 60))
    grains = rng.random((cells, cells), np.float32)
    share = rng.uniform(0.02, 0.5)
    grains = np.where(grains < share, rng.random((cells, cells), np.float32), 1)
    method = cv2.INTER_NEAREST if rng.random() < 0.5 else cv2.INTER_CUBIC
    return (cv2.resize(grains, (side, side), interpolation=method).clip(0, 1) * 255).astype(
        np.uint8
    )


def _segment(rng: Generator) -> Line:
    """A horizontal, slightly curved line of length about 1, centered at the origin."""
    half = rng.uniform(0.35, 0.55)
    x = np.linspace(-half, half, 9)
    return np.column_stack([x, rng.normal(0, 0.15) * (x**2 - half**2)])


def _polygon(corners: int, skip: int) -> Line:
    """A regular polygon, or with `skip` > 1 a star, of radius 1."""
    angles = 2 * np.pi * skip * np.arange(corners + 1) / corners - np.pi / 2
    return np.column_stack([np.cos(angles), np.sin(angles)])


def _unsteady(line: Line, rng: Generator) -> Line:
    """Distort a line as if drawn by an unsteady hand."""
    wave = np.sin(line[:, ::-1] * rng.uniform(1, 4) + rng.uniform(0, 6))
    return line + rng.normal(0, 0.02, line.shape) + wave * rng.normal(0, 0.05)
