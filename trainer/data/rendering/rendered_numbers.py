"""Renders numbers by the writers of stroke records, to evaluate the recognition of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator

from trainer.data.rendering.canvas import RenderStyle, render
from trainer.data.rendering.numbers import GAP, OVERLAP, compose_number, stack_rows
from trainer.data.strokes.records import Record
from trainer.recognition.array_types import Pixels
from trainer.recognition.strokes import Strokes


@dataclass(frozen=True, slots=True)
class NumberRenderer:
    """Renders random numbers of `length` digits in a row, by one writer each.

    Writers are chosen in proportion to the number of their records, so that all records are equally
    likely. Called with an index and a random generator, it gives the number, without leading zeros,
    and the image.
    """

    records: Sequence[Record]
    length: int
    touching: bool = False
    marks: Sequence[Record] = ()
    """One of them, by anyone, stands somewhere in each row; their labels are in `MARKS`."""
    rows: int = 1

    def __call__(self, _index: int, rng: Generator) -> tuple[int, Pixels]:
        text, picture = self.draw(rng)
        return int(text.replace("\n", "")), picture

    def draw(self, rng: Generator) -> tuple[str, Pixels]:
        """A number as text, with a line feed between rows, and its image."""
        writer = self.records[int(rng.integers(len(self.records)))].writer
        own = [record for record in self.records if record.writer == writer]
        numbers = [
            [own[i] for i in rng.integers(len(own), size=self.length)] for _ in range(self.rows)
        ]
        gap = OVERLAP if self.touching else GAP
        lines = [
            compose_number([digit.strokes for digit in digits], rng, self._mark(rng), gap)
            for digits in numbers
        ]
        strokes = stack_rows(lines, rng) if self.rows > 1 else lines[0]
        extent = np.ptp(np.vstack(strokes), axis=0)
        size = float(rng.uniform(0.6, 0.95))
        side = int(rng.integers(300, 700))
        digit_height = size * side / float(extent.max())  # about, in pixels
        pen = max(1.0, float(rng.uniform(0.03, 0.12)) * digit_height)
        random = RenderStyle.random(rng, photos=0)
        style = replace(random, side=side, size=size, pen=pen, turn=random.turn / 3, skips=0.0)
        text = "\n".join("".join(digit.label for digit in digits) for digits in numbers)
        return text, render(strokes, style)

    def _mark(self, rng: Generator) -> dict[int, tuple[str, Strokes]]:
        """A mark and its place in a row: parentheses and per cent at an end, others within it."""
        if not self.marks:
            return {}
        mark = self.marks[int(rng.integers(len(self.marks)))]
        within = int(rng.integers(1, max(2, self.length)))
        at = {"(": 0, ")": self.length, "%": self.length}.get(mark.label, within)
        return {at: (mark.label, mark.strokes)}
