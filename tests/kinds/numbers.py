"""Pictures of numbers with more than digits in them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.random import Generator

from tests.kinds.pen import (
    as_file,
    between,
    blank,
    chance,
    colors,
    cover,
    paint,
    place,
    wobbly,
    write,
)
from trainer.recognition.strokes import Strokes


def _boxes(joined: bool):
    def boxes(digits: Sequence[Strokes], rng: Generator) -> bytes:
        """A printed box for each digit, beside each other or apart."""
        tall = int(rng.integers(60, 160))
        wide = round(tall * rng.uniform(0.75, 1.0))
        gap = 0 if joined else round(tall * rng.uniform(0.1, 0.3))
        margin = round(tall * rng.uniform(0.1, 0.4))
        pen = int(rng.integers(1, 4))
        height = tall + 2 * margin
        width = len(digits) * (wide + gap) - gap + 2 * margin
        ink, paper = colors(rng)
        color = between(ink, paper, 1.0 if chance(rng, 0.5) else float(rng.uniform(0.35, 1)))
        canvas = blank(height, width, paper)
        for number, strokes in enumerate(digits):
            left = margin + number * (wide + gap)
            top, right, bottom = margin, left + wide, margin + tall
            canvas[top : top + pen, left : right + pen] = color
            canvas[bottom : bottom + pen, left : right + pen] = color
            canvas[top : bottom + pen, left : left + pen] = color
            canvas[top : bottom + pen, right : right + pen] = color
            space = pen + 0.06 * tall
            region = (left + space, top + space, right - space, bottom - space)
            write(canvas, place(strokes, region, rng, (0.75, 1.0), (0.06, 0.12)), ink)
        return as_file(canvas, rng)

    return boxes


def _row(digits: Sequence[Strokes], rng: Generator, margin: float):
    """A number on a canvas, without anything else: canvas, ink, paper, pen and its region."""
    tall = int(rng.integers(60, 160))
    edge = round(margin * tall)
    wide = round(0.8 * tall)
    height, width = tall + 2 * edge, len(digits) * wide + 2 * edge
    ink, paper = colors(rng)
    canvas = blank(height, width, paper)
    share = float(rng.uniform(0.06, 0.11))
    for number, strokes in enumerate(digits):
        left = edge + number * wide + 0.06 * tall
        region = (left, edge + 0.02 * tall, left + wide - 0.12 * tall, edge + 0.98 * tall)
        write(canvas, place(strokes, region, rng, (0.9, 1.0), (share, share)), ink)
    return canvas, ink, paper, share * tall, (edge, edge, width - edge, height - edge)


def underlined(digits: Sequence[Strokes], rng: Generator) -> bytes:
    """One line under the whole number."""
    canvas, ink, _, pen, (left, _, right, bottom) = _row(digits, rng, 0.35)
    y = bottom + pen + rng.uniform(0.0, 0.1) * len(canvas)
    line = wobbly([(left - pen, y), (right + pen, y + rng.normal(0, 2))], rng, 0.8)
    paint(canvas, cover([line], pen, canvas.shape[:2]), ink)
    return as_file(canvas, rng)


def framed(digits: Sequence[Strokes], rng: Generator) -> bytes:
    """One box around the whole number."""
    canvas, ink, paper, _, (left, top, right, bottom) = _row(digits, rng, 0.35)
    pen, away = float(rng.uniform(1, 4)), rng.uniform(4, 0.2 * (bottom - top))
    left, top, right, bottom = left - away, top - away, right + away, bottom + away
    corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
    color = between(ink, paper, float(rng.uniform(0.4, 1)))
    paint(canvas, cover([np.array(corners, float)], pen, canvas.shape[:2]), color)
    return as_file(canvas, rng)


KINDS = {
    "number in boxes": _boxes(joined=False),
    "number in cells": _boxes(joined=True),
    "number underlined": underlined,
    "number framed": framed,
}
