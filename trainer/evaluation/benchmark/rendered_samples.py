"""The benchmark's samples: rendered from a seed, and the same in every run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from trainer.data.parallel import in_chunks
from trainer.data.rendering.canvas import render
from trainer.data.rendering.rendered import preprocess_or_blank
from trainer.data.samples import Samples
from trainer.data.strokes.records import Record
from trainer.evaluation.benchmark.nuisances import styles
from trainer.recognition.array_types import Labels, Pixels
from trainer.recognition.scaled import scale_down

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
    """uint8 [n, 28, 28], by `scale_down`."""
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


def evenly_spaced(count: int, most: int | None) -> NDArray[np.int64]:
    """The indices of `most` of `count` samples, evenly spaced; of all, if there are no more.

    Returns int64 [min(count, most)], or int64 [count] without a limit. `most` is at least 1.
    """
    size = count if most is None else min(count, most)
    return np.arange(size, dtype=np.int64) * count // max(1, size)


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
