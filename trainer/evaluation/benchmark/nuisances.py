"""What drawing pages, pens and cameras do to a digit, one at a time and all at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.random import Generator

from trainer.data.rendering.canvas import RenderStyle, random_colours
from trainer.data.rendering.photo import Photo

PLAIN = RenderStyle()
"""A canvas of 280 pixels, black on white, the digit in the middle at 60 % of it."""

StyleOf = Callable[[Generator], RenderStyle]


def _pen(rng: Generator) -> RenderStyle:
    return replace(PLAIN, pen=float(np.exp(rng.uniform(0, np.log(0.1 * PLAIN.side)))))


def _size(rng: Generator) -> RenderStyle:
    size = float(rng.uniform(0.1, 1.0))
    return replace(PLAIN, size=size, pen=max(1.5, 0.065 * size * PLAIN.side))


def _place(rng: Generator) -> RenderStyle:
    return replace(PLAIN, size=0.3, pen=6, place=(rng.random(), rng.random()))


def _corner(rng: Generator) -> RenderStyle:
    return replace(PLAIN, size=0.3, pen=6, place=(int(rng.integers(2)), int(rng.integers(2))))


def _turn(rng: Generator) -> RenderStyle:
    return replace(PLAIN, turn=float(rng.uniform(-_FARTHEST_TURN, _FARTHEST_TURN)))


def _colours(rng: Generator) -> RenderStyle:
    while True:
        ink, paper = random_colours(rng)
        if isinstance(ink, tuple):
            return replace(PLAIN, ink=ink, paper=paper)


def _alike_in_grey(rng: Generator) -> RenderStyle:
    """Two colours that a conversion to grey makes nearly the same."""
    while True:
        look = _colours(rng)
        grey = np.array([0.299, 0.587, 0.114])
        if abs(float(np.dot(np.subtract(look.ink, look.paper), grey))) < 8:
            return look


def _transparent(rng: Generator) -> RenderStyle:
    return replace(_colours(rng), transparent=True)


def _faint_transparent(rng: Generator) -> RenderStyle:
    """Light ink on nothing, which looks like nothing on white."""
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


_FARTHEST_TURN = 0.3  # radians, 17°: farther, and people turn the paper instead

NUISANCES: dict[str, tuple[StyleOf, StyleOf]] = {
    "width": (_pen, lambda _: replace(PLAIN, pen=1)),
    "width, thick": (_pen, lambda _: replace(PLAIN, pen=0.1 * PLAIN.side)),
    "size": (_size, lambda _: replace(PLAIN, size=0.1, pen=2)),
    "place": (_place, _corner),
    "rotation": (
        _turn,
        lambda rng: replace(PLAIN, turn=float(rng.choice([-_FARTHEST_TURN, _FARTHEST_TURN]))),
    ),
    "polarity": (
        lambda rng: replace(PLAIN, ink=255, paper=0) if rng.random() < 0.5 else PLAIN,
        lambda _: replace(PLAIN, ink=255, paper=0),
    ),
    "colour": (_colours, _alike_in_grey),
    "alpha": (_transparent, _faint_transparent),
    "JPEG": (_jpeg, lambda _: replace(PLAIN, pen=4, jpeg=10)),
    "photo": (_photo, _bad_photo),
}
"""By name: at random, and at its hardest."""


def looks() -> dict[tuple[str, str], StyleOf]:
    """Every row of the table of nuisances: (name, setting)."""
    rows: dict[tuple[str, str], StyleOf] = {("none", "plain"): lambda _: PLAIN}
    for name, (at_random, hardest) in NUISANCES.items():
        if name != "width, thick":  # its random setting is that of "width"
            rows[name, "random"] = at_random
        rows[name, "hardest"] = hardest
    rows["all at once", "random"] = RenderStyle.random
    return rows
