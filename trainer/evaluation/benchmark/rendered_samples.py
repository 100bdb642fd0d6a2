"""What the benchmark asks its readers: pictures made from a seed, the same in every run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from trainer.data.parallel import in_chunks
from trainer.data.rendering.canvas import RenderStyle, render
from trainer.data.rendering.numbers import put_together
from trainer.data.rendering.rendered import pixels_of
from trainer.data.samples import Samples
from trainer.data.strokes.records import Record
from trainer.evaluation.benchmark.nuisances import looks
from trainer.evaluation.benchmark.readers import scaled
from trainer.recognition.preprocess import Pixels

Draw = Callable[[int, Generator], tuple[int, Pixels]]
"""(index, random numbers of its own) → (label, picture)."""


@dataclass(frozen=True, slots=True)
class Questions:
    """Pictures as each kind of reader sees them: uint8 [n, 28, 28], labels int64 [n].

    Where `preprocess` found nothing, `prepared` has no ink.
    """

    prepared: Pixels
    scaled: Pixels
    labels: NDArray[np.int64]

    def seen_as(self, kind: str) -> Samples:
        return Samples(self.prepared if kind == "prepared" else self.scaled, self.labels)


@dataclass(frozen=True, slots=True)
class InStyle:
    """Draw people's drawings, each once, in a look of its own."""

    records: Sequence[Record]
    row: tuple[str, str]

    def __call__(self, index: int, rng: Generator) -> tuple[int, Pixels]:
        record = self.records[index]
        return record.target, render(record.strokes, looks()[self.row](rng))


@dataclass(frozen=True, slots=True)
class Numbers:
    """Draw numbers of `length` digits, each by one person, on a canvas of everyday looks.

    Who drew more digits writes more of the numbers, so that each drawing is as likely as any other.
    """

    records: Sequence[Record]
    length: int
    touching: bool = False

    def __call__(self, _index: int, rng: Generator) -> tuple[int, Pixels]:
        writer = self.records[int(rng.integers(len(self.records)))].writer
        person = [record for record in self.records if record.writer == writer]
        digits = [person[i] for i in rng.integers(len(person), size=self.length)]
        strokes = put_together([digit.strokes for digit in digits], rng, self.touching)
        extent = np.ptp(np.vstack(strokes), axis=0)
        size = float(rng.uniform(0.6, 0.95))
        side = int(rng.integers(300, 700))
        height = size * side / float(extent.max())  # of a digit, about
        pen = max(1.0, float(rng.uniform(0.03, 0.12)) * height)
        everyday = RenderStyle.random(rng, photos=0)
        look = replace(everyday, side=side, size=size, pen=pen, turn=everyday.turn / 3, skips=0.0)
        return int("".join(digit.label for digit in digits)), render(strokes, look)


@dataclass(frozen=True, slots=True)
class _Ask:
    draw: Draw
    seed: int

    def __call__(self, indices: range) -> Questions:
        prepared, small, labels = [], [], []
        for index in indices:
            label, picture = picture_of(self.draw, self.seed, index)
            prepared.append(pixels_of(picture))
            small.append(scaled(picture))
            labels.append(label)
        return Questions(np.stack(prepared), np.stack(small), np.array(labels, np.int64))


def picture_of(draw: Draw, seed: int, index: int) -> tuple[int, Pixels]:
    """The same label and picture whenever it is asked for."""
    return draw(index, np.random.default_rng([seed, index]))


def questions(draw: Draw, count: int, seed: int) -> Questions:
    """Draw, prepare and scale `count` pictures."""
    parts = in_chunks(_Ask(draw, seed), count)
    return Questions(
        np.concatenate([part.prepared for part in parts]),
        np.concatenate([part.scaled for part in parts]),
        np.concatenate([part.labels for part in parts]),
    )
