"""Numbers in many hands: people's digits, with marks drawn here by strokes of our own."""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.random import Generator

from trainer.data.strokes.records import Record
from trainer.recognition.strokes import Strokes

PEN = 8
HEIGHT = 100  # of a digit, in pixels


def curve(*points: tuple[float, float]) -> np.ndarray:
    """A smooth line through three points, or a straight one: x right, y down, in digit heights."""
    corners = np.array(points, float)
    if len(corners) != 3:
        return corners
    t = np.linspace(0, 1, 24)[:, None]
    middle = 2 * corners[1] - (corners[0] + corners[2]) / 2
    return (1 - t) ** 2 * corners[0] + 2 * t * (1 - t) * middle + t**2 * corners[2]


def ring(x: float, y: float, radius: float) -> np.ndarray:
    turn = np.linspace(0, 2 * np.pi, 24)
    return np.stack([x + radius * np.cos(turn), y + radius * np.sin(turn)], axis=1)


MARKS: dict[str, list[np.ndarray]] = {
    "/": [curve((0.55, -1.15), (0.0, 0.15))],
    "+": [curve((0.0, -0.5), (0.5, -0.5)), curve((0.25, -0.75), (0.25, -0.25))],
    "-": [curve((0.0, -0.5), (0.45, -0.5))],
    "=": [curve((0.0, -0.62), (0.45, -0.62)), curve((0.0, -0.38), (0.45, -0.38))],
    "%": [ring(0.12, -0.85, 0.13), ring(0.62, -0.15, 0.13), curve((0.68, -1.0), (0.06, 0.0))],
    "(": [curve((0.25, -1.15), (0.0, -0.5), (0.25, 0.15))],
    ")": [curve((0.0, -1.15), (0.25, -0.5), (0.0, 0.15))],
    ".": [curve((0.0, -0.02), (0.01, 0.0))],
    ",": [curve((0.08, -0.08), (0.0, 0.15))],
    ":": [curve((0.0, -0.65), (0.01, -0.64)), curve((0.0, -0.25), (0.01, -0.24))],
}
"""Strokes on a line whose digits are 1 high; y is 0 at the baseline."""


def hands_of(records: Iterable[Record]) -> list[dict[int, Strokes]]:
    """One of each digit by each writer who drew all ten."""
    found: dict[str, dict[int, Strokes]] = {}
    for record in records:
        found.setdefault(record.writer, {}).setdefault(int(record.label), record.strokes)
    return [digits for digits in found.values() if len(digits) == 10]


def with_mark(number: str, mark: str) -> str:
    """Two digits, and a mark where it usually stands."""
    before = {"(": 0, "%": 2, ")": 2}.get(mark, 1)
    return number[:before] + mark + number[before:]


def glyph(strokes: Strokes) -> list[np.ndarray]:
    """A digit by a person, 1 high, standing on the baseline."""
    points = np.vstack(strokes)
    low, extent = points.min(axis=0), np.ptp(points, axis=0)
    scale = 1 / max(float(extent[1]), 0.4 * float(extent[0]), 1e-9)
    return [(line - low) * scale - [0, extent[1] * scale] for line in strokes]


def write(text: str, digits: dict[int, Strokes], rng: Generator) -> np.ndarray:
    """Draw digits and marks in one hand, dark on white: uint8 [height, width].

    A line feed starts a row. Each hand has its own slant and width; each glyph is moved and scaled
    a little.
    """
    slant, width = rng.normal(0.08, 0.06), float(np.exp(rng.normal(0, 0.08)))
    lines: list[np.ndarray] = []
    for row, letters in enumerate(text.split("\n")):
        edge = float(rng.uniform(0, 0.4))
        for letter in letters:
            strokes = glyph(digits[int(letter)]) if letter.isdecimal() else MARKS[letter]
            scale = rng.uniform(0.92, 1.08)
            drawn = [line * scale + rng.normal(0, 0.008, line.shape) for line in strokes]
            drawn = [np.column_stack([line[:, 0] * width, line[:, 1]]) for line in drawn]
            points = np.vstack(drawn)
            left, right = points[:, 0].min(), points[:, 0].max()
            place = np.array([edge - left, row * 1.5 + rng.normal(0, 0.02)])
            lines += [line + place for line in drawn]
            edge += right - left + rng.uniform(0.22, 0.4)
    lines = [np.column_stack([line[:, 0] - slant * line[:, 1], line[:, 1]]) for line in lines]
    points = np.vstack(lines)
    low, high = points.min(axis=0) - 0.4, points.max(axis=0) + 0.4
    columns, rows = np.ceil((high - low) * HEIGHT).astype(int).tolist()
    picture = np.full((rows, columns), 255, np.uint8)
    for line in lines:
        pixels = np.round((line - low) * HEIGHT * 8).astype(np.int32)
        cv2.polylines(picture, [pixels], False, 0, PEN, cv2.LINE_AA, 3)
    return picture
