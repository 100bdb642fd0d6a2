"""The benchmark's samples: rendered from a seed, and the same in every run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.random import Generator

from trainer.data.parallel import in_chunks
from trainer.data.rendering.canvas import RenderStyle, render
from trainer.data.rendering.numbers import compose_number, stack_rows
from trainer.data.rendering.rendered import preprocess_or_blank
from trainer.data.samples import Samples
from trainer.data.strokes.records import Record
from trainer.evaluation.benchmark.nuisances import styles
from trainer.evaluation.benchmark.readers import scale_down
from trainer.recognition.array_types import Labels, Pixels
from trainer.recognition.strokes import Strokes

DrawPixels = Callable[[int, Generator], tuple[int, Pixels]]
"""(index, random generator for this index) → (label, image). Picklable."""

ALL_AT_ONCE = ("all at once", "random")
"""The row of `styles` with all nuisances."""


@dataclass(frozen=True, slots=True)
class BenchmarkSamples:
    """The same samples in the formats of the different readers."""

    preprocessed: Pixels
    """uint8 [n, 28, 28], by `preprocess`; all 0 where it found no ink."""
    scaled: Pixels
    """uint8 [n, 28, 28], by `readers.scale_down`."""
    labels: Labels

    def seen_as(self, kind: Literal["preprocessed", "scaled"]) -> Samples:
        """The samples as a reader of this kind sees them."""
        return Samples(self.preprocessed if kind == "preprocessed" else self.scaled, self.labels)


@dataclass(frozen=True, slots=True)
class NuisanceRenderer:
    """Renders each record once, in a random style of a row of `styles`; a `DrawPixels` function."""

    records: Sequence[Record]
    row: tuple[str, str]

    def __call__(self, index: int, rng: Generator) -> tuple[int, Pixels]:
        record = self.records[index]
        return record.target, render(record.strokes, styles()[self.row](rng))


@dataclass(frozen=True, slots=True)
class NumberRenderer:
    """Renders random numbers of `length` digits in a row, by one writer each.

    Writers are chosen in proportion to the number of their records, so that all records are equally
    likely. As a `DrawPixels` function, it labels them with the number, without leading zeros.
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
        lines = [
            compose_number([digit.strokes for digit in digits], rng, self.touching, self._mark(rng))
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


def draw_one(draw: DrawPixels, seed: int, index: int) -> tuple[int, Pixels]:
    """The label and image at an index, always the same for the same seed."""
    return draw(index, np.random.default_rng([seed, index]))


def draw_samples(draw: DrawPixels, count: int, seed: int) -> BenchmarkSamples:
    """Draw `count` samples, in parallel, in the formats of all readers."""
    parts = in_chunks(_Chunk(draw, seed), count)
    return BenchmarkSamples(
        np.concatenate([part.preprocessed for part in parts]),
        np.concatenate([part.scaled for part in parts]),
        np.concatenate([part.labels for part in parts]),
    )


def draw_all_at_once(records: Sequence[Record], seed: int) -> BenchmarkSamples:
    """Each record once, with all nuisances at once."""
    return draw_samples(NuisanceRenderer(records, ALL_AT_ONCE), len(records), seed)


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Draws the samples at some indices."""

    draw: DrawPixels
    seed: int

    def __call__(self, indices: range) -> BenchmarkSamples:
        preprocessed, scaled, labels = [], [], []
        for index in indices:
            label, picture = draw_one(self.draw, self.seed, index)
            preprocessed.append(preprocess_or_blank(picture))
            scaled.append(scale_down(picture))
            labels.append(label)
        return BenchmarkSamples(
            np.stack(preprocessed), np.stack(scaled), np.array(labels, np.int64)
        )
