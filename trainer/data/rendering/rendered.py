"""Drawings by their index: each is rendered, prepared and labelled when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image

from trainer.data.parallel import in_chunks
from trainer.data.rendering.canvas import RenderStyle, render
from trainer.data.rendering.stroke_augmentation import another_hand
from trainer.data.samples import Samples, Split
from trainer.data.strokes.records import Record
from trainer.recognition.preprocess import SIDE, EmptyDrawing, Pixels, preprocess

Draw = Callable[[int, Generator], tuple[int, Image.Image | Pixels]]
"""(index, random numbers of its own) → (label, picture as `preprocess` takes it). Picklable."""


@dataclass(frozen=True, slots=True)
class RenderedRecords:
    """Draw what people drew, in this order, each in a random look.

    `other_hands` is the share of them that is drawn as another hand might have done it.
    """

    records: Sequence[Record]
    order: NDArray[np.int64]
    other_hands: float = 0.0

    def __call__(self, index: int, rng: Generator) -> tuple[int, Pixels]:
        record = self.records[self.order[index]]
        strokes = record.strokes
        if self.other_hands and rng.random() < self.other_hands:
            strokes = another_hand(strokes, rng)
        return record.target, render(strokes, RenderStyle.random(rng))


def pixels_of(picture: Image.Image | Pixels, scale: float = 1.0) -> Pixels:
    """What `preprocess` makes of a picture, or pixels without ink where it finds nothing."""
    try:
        return preprocess(picture, scale).pixels
    except EmptyDrawing:
        return np.zeros((SIDE, SIDE), np.uint8)


class Drawings:
    """(pixels uint8 [28, 28], label) pairs.

    The item at an index is the same whenever and wherever it is asked for: its random numbers come
    from the seed, the split and the index. Only the training part depends on the seed.
    """

    def __init__(self, draw: Draw, count: int, split: Split, seed: int) -> None:
        self._draw = draw
        self._count = count
        self._stream = [seed, 0] if split is Split.TRAIN else [list(Split).index(split)]

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> tuple[Pixels, int]:
        if not 0 <= index < self._count:
            raise IndexError(index)
        label, picture = self._draw(index, np.random.default_rng([*self._stream, index]))
        return pixels_of(picture), label

    def samples(self) -> Samples:
        """All of them, rendered on every core there is."""
        return Samples.join(in_chunks(self._some, self._count))

    def _some(self, indices: range) -> Samples:
        pixels, labels = zip(*(self[index] for index in indices), strict=True)
        return Samples(np.stack(pixels), np.array(labels, np.int64))
