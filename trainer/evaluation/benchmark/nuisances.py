"""Nuisances: how pages, pens and cameras vary a drawing, one at a time and all at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.random import Generator

from trainer.data.rendering.canvas import RenderStyle, random_colors
from trainer.data.rendering.photo import Photo

PLAIN = RenderStyle()
"""Black on white on a canvas of 280 pixels, the digit centered at 60 % of its size."""

StyleFunction = Callable[[Generator], RenderStyle]
"""Gives a random style."""

_MAX_ROTATION = 0.3  # radians, 17°; at larger angles people turn the paper
_MAX_PEN = 0.1 * PLAIN.side  # pixels
_LUMA = np.array([0.299, 0.587, 0.114])  # weights of red, green and blue in gray, ITU-R BT.601


def _pen(rng: Generator) -> RenderStyle:
    return replace(PLAIN, pen=float(np.exp(rng.uniform(0, np.log(_MAX_PEN)))))


def _size(rng: Generator) -> RenderStyle:
    size = float(rng.uniform(0.1, 1.0))
    return replace(PLAIN, size=size, pen=max(1.5, 0.065 * size * PLAIN.side))


def _place(rng: Generator) -> RenderStyle:
    return replace(PLAIN, size=0.3, pen=6, place=(rng.random(), rng.random()))


def _corner(rng: Generator) -> RenderStyle:
    return replace(PLAIN, size=0.3, pen=6, place=(int(rng.integers(2)), int(rng.integers(2))))


def _rotation(rng: Generator) -> RenderStyle:
    return replace(PLAIN, turn=float(rng.uniform(-_MAX_ROTATION, _MAX_ROTATION)))


def _colors(rng: Generator) -> RenderStyle:
    while True:
        ink, paper = random_colors(rng)
        if isinstance(ink, tuple):
            return replace(PLAIN, ink=ink, paper=paper)


def _same_gray(rng: Generator) -> RenderStyle:
    """Two colors that are nearly the same after a conversion to gray."""
    while True:
        style = _colors(rng)
        if abs(float(np.dot(np.subtract(style.ink, style.paper), _LUMA))) < 8:
            return style


def _transparent(rng: Generator) -> RenderStyle:
    return replace(_colors(rng), transparent=True)


def _faint_transparent(rng: Generator) -> RenderStyle:
    """Light ink on a transparent canvas, which is invisible if put on white."""
    level = int(rng.integers(220, 256))
    return replace(PLAIN, ink=(level, level, level), transparent=True, pen=3)


def _jpeg(rng: Generator) -> RenderStyle:
    return replace(PLAIN, pen=6, jpeg=int(rng.integers(10, 96)))


def _photo(rng: Generator) -> RenderStyle:
    return replace(PLAIN, pen=float(rng.uniform(2, 14)), photo=Photo.random(rng))


def _bad_photo(rng: Generator) -> RenderStyle:
    photo = replace(
        Photo.random(rng),
        rules="lines" if rng.random() < 0.5 else "squares",
        rule_strength=0.4,
        light=0.5,
        shadow=0.45,
        blur=1.4,
        noise=0.03,
        perspective=0.08,
    )
    return replace(PLAIN, pen=float(rng.uniform(4, 14)), photo=photo)


NUISANCES: dict[str, tuple[StyleFunction, StyleFunction]] = {
    "width": (_pen, lambda _: replace(PLAIN, pen=1)),
    "width, thick": (_pen, lambda _: replace(PLAIN, pen=_MAX_PEN)),
    "size": (_size, lambda _: replace(PLAIN, size=0.1, pen=2)),
    "place": (_place, _corner),
    "rotation": (
        _rotation,
        lambda rng: replace(PLAIN, turn=float(rng.choice([-_MAX_ROTATION, _MAX_ROTATION]))),
    ),
    "polarity": (
        lambda rng: replace(PLAIN, ink=255, paper=0) if rng.random() < 0.5 else PLAIN,
        lambda _: replace(PLAIN, ink=255, paper=0),
    ),
    "color": (_colors, _same_gray),
    "alpha": (_transparent, _faint_transparent),
    "JPEG": (_jpeg, lambda _: replace(PLAIN, pen=4, jpeg=10)),
    "photo": (_photo, _bad_photo),
}
"""By name: the style at random, and at its hardest."""


def styles() -> dict[tuple[str, str], StyleFunction]:
    """The styles of the rows of the table of nuisances, by (name, setting)."""
    rows: dict[tuple[str, str], StyleFunction] = {("none", "plain"): lambda _: PLAIN}
    for name, (at_random, hardest) in NUISANCES.items():
        if name != "width, thick":  # its random setting is that of "width"
            rows[name, "random"] = at_random
        rows[name, "hardest"] = hardest
    rows["all at once", "random"] = RenderStyle.random
    return rows
