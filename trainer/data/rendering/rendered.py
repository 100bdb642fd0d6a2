"""Data sets rendered on demand: each sample is drawn and preprocessed when accessed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image

from trainer.data.parallel import in_chunks
from trainer.data.rendering.canvas import RenderStyle, render
from trainer.data.rendering.stroke_augmentation import augment_strokes
from trainer.data.samples import Samples, Split
from trainer.data.strokes.records import Record
from trainer.recognition.array_types import Pixels
from trainer.recognition.preprocess import SIDE, EmptyDrawing, preprocess

Draw = Callable[[int, Generator], tuple[int, Image.Image | Pixels]]
"""(index, random generator for this index) → (label, image as `preprocess` takes it). Picklable."""


@dataclass(frozen=True, slots=True)
class RecordRenderer:
    """Renders stroke records, each in a random style; a `Draw` function."""

    records: Sequence[Record]
    order: NDArray[np.int64]
    """Index of the record for each sample."""
    augmented_share: float = 0.0
    """Share of the samples to which stroke augmentation is applied, 0..1."""

    @classmethod
    def of(
        cls, records: Sequence[Record], order: NDArray[np.int64], augmented_share: float = 0.0
    ) -> RecordRenderer:
        """With those records alone that are rendered: it is pickled for each process."""
        used, order = np.unique(order, return_inverse=True)
        return cls([records[index] for index in used], order, augmented_share)

    def __call__(self, index: int, rng: Generator) -> tuple[int, Pixels]:
        record = self.records[self.order[index]]
        strokes = record.strokes
        if self.augmented_share and rng.random() < self.augmented_share:
            strokes = augment_strokes(strokes, rng)
        return record.target, render(strokes, RenderStyle.random(rng))


def preprocess_or_blank(picture: Image.Image | Pixels, scale: float = 1.0) -> Pixels:
    """`preprocess` an image, or return an image without ink if it finds none: uint8 [28, 28]."""
    try:
        return preprocess(picture, scale).pixels
    except EmptyDrawing:
        return np.zeros((SIDE, SIDE), np.uint8)


class RenderedDataset:
    """A data set of (pixels uint8 [28, 28], label) pairs, rendered on access.

    The sample at an index is the same in any process and at any time: its random generator is
    seeded by seed, split and index. Only the training split depends on the seed. A split of None
    is the gate part.
    """

    def __init__(self, draw: Draw, count: int, split: Split | None, seed: int = 0) -> None:
        self._draw = draw
        self._count = count
        parts = [*Split, None]
        self._stream = [seed, 0] if split is Split.TRAIN else [parts.index(split)]

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> tuple[Pixels, int]:
        """Raise `IndexError` outside 0..len - 1."""
        if not 0 <= index < self._count:
            raise IndexError(index)
        label, picture = self._draw(index, np.random.default_rng([*self._stream, index]))
        return preprocess_or_blank(picture), label

    def samples(self) -> Samples:
        """Render all samples, in parallel on all CPU cores."""
        return Samples.join(in_chunks(self._some, self._count))

    def _some(self, indices: range) -> Samples:
        pixels, labels = zip(*(self[index] for index in indices), strict=True)
        return Samples(np.stack(pixels), np.array(labels, np.int64))


def render_once(records: Sequence[Record]) -> Samples:
    """A gate part: each record once, in a random style, with the numbers of their writers."""
    order = np.arange(len(records), dtype=np.int64)
    samples = RenderedDataset(RecordRenderer(records, order), len(records), None).samples()
    return samples.written_by([record.writer for record in records])
