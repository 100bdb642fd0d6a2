"""Rows of digits with their text, which the row reader learns from and is validated on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.random import Generator
from PIL import Image

from trainer.data.datasets.letters import LOOK_ALIKES
from trainer.data.datasets.synthetic import from_template, synthetic_strokes
from trainer.data.parallel import in_chunks
from trainer.data.rendering.canvas import RenderStyle, render
from trainer.data.rendering.numbers import MARKS, compose_number, stack_rows
from trainer.data.rendering.stroke_augmentation import augment_strokes
from trainer.data.samples import Split
from trainer.data.strokes.hands import HANDS
from trainer.data.strokes.records import Record, read_split
from trainer.errors import TrainerError
from trainer.recognition.array_types import Floats, Pixels
from trainer.recognition.model_inputs import ModelInputs
from trainer.recognition.preprocess import EmptyDrawing
from trainer.recognition.segmentation.ctc import likeliest_texts
from trainer.recognition.segmentation.row_reader import row_images
from trainer.recognition.segmentation.segments import TooManyPieces
from trainer.recognition.strokes import Strokes

_LENGTHS = (0.04, 0.09, 0.2, 0.17, 0.16, 0.13, 0.13, 0.05, 0.03)  # shares of 0 digits, 1, 2, …
_GAPS = ((-0.1, 0.02), (0.0, 0.2), (0.18, 0.5))  # between digits, in their heights
_GAP_SHARES = (0.6, 0.1, 0.3)
_TWO_ROWS = 0.15  # share of the pictures
_SYNTHETIC_WRITERS = 0.12  # share of the rows
_SYNTHETIC_DIGITS = 0.05  # share of the other digits that have forms in `HANDS`
_MARKED = 0.2  # share of the rows with a digit that have a mark or a letter
_LETTERS = 0.25  # of them
_SLASHES = 0.25  # of the marks, as none looks more like a digit; the others share the rest evenly
_AUGMENTED = 0.5  # share of the rows with stroke augmentation
_PHOTOS = 0.06


@dataclass(frozen=True, slots=True)
class Rows:
    """Images of rows, as `row_images` gives them, and the digits in them from left to right."""

    images: list[Pixels]
    texts: list[str]

    def __len__(self) -> int:
        return len(self.texts)

    def share_read(self, read: Callable[[Pixels], Floats]) -> float:
        """The share of the rows, 0..1, whose likeliest text is right.

        `read` gives the log probabilities of the columns of a row, as `RowReader` does.
        """
        found = [likeliest_texts(read(image), 1) for image in self.images]
        return sum(texts == [text] for texts, text in zip(found, self.texts, strict=True)) / len(
            self
        )


@dataclass(frozen=True, slots=True)
class RowRenderer:
    """Renders random pictures of numbers, each row by one writer or from synthetic templates.

    There may be marks or letters beside the digits, and another row.
    """

    writers: Sequence[Sequence[Record]]
    """The digits of each writer."""
    shares: Sequence[float]
    """How often each writer is chosen."""
    marks: Mapping[str, Sequence[Record]]
    """Marks by anyone: those with each label in `MARKS`."""
    letters: Sequence[Record]
    """Other characters by anyone."""

    @classmethod
    def of(cls, digits: Sequence[Record], others: Sequence[Record]) -> RowRenderer:
        """Writers are chosen in proportion to their digits; `others` are marks and letters.

        Raises `TrainerError` if a mark or the letters are missing.
        """
        by_writer = defaultdict(list)
        for digit in digits:
            by_writer[digit.writer].append(digit)
        shares = [len(each) / len(digits) for each in by_writer.values()]
        marks = {label: [each for each in others if each.label == label] for label in MARKS}
        letters = [each for each in others if each.label not in MARKS]
        if missing := [label for label, found in marks.items() if not found]:
            raise TrainerError(f"the stroke records have no {' '.join(missing)}")
        if not letters:
            raise TrainerError("the stroke records have no letters")
        return cls(list(by_writer.values()), shares, marks, letters)

    def draw(self, rng: Generator) -> tuple[list[str], Pixels]:
        """The text of each row, and the picture."""
        count = 2 if rng.random() < _TWO_ROWS else 1
        gap = _GAPS[int(rng.choice(len(_GAPS), p=_GAP_SHARES))]
        texts, lines = zip(*(self._row(gap, rng) for _ in range(count)), strict=True)
        strokes = stack_rows(lines, rng) if count > 1 else lines[0]
        return list(texts), _rendered(strokes, rng)

    def _row(self, gap: tuple[float, float], rng: Generator) -> tuple[str, Strokes]:
        length = int(rng.choice(len(_LENGTHS), p=_LENGTHS))
        own = self.writers[int(rng.choice(len(self.writers), p=self.shares))]
        is_synthetic = rng.random() < _SYNTHETIC_WRITERS
        is_augmented = rng.random() < _AUGMENTED
        digits = []
        for _ in range(length):
            label, strokes = _synthetic(rng) if is_synthetic else _written(own, rng)
            digits.append((label, augment_strokes(strokes, rng) if is_augmented else strokes))
        beside = {}
        if not digits or rng.random() < _MARKED:
            other = self._other(rng)
            beside = {int(rng.integers(length + 1)): (other.label, other.strokes)}
        text = "".join(label for label, _ in digits)
        return text, compose_number([each for _, each in digits], rng, marks=beside, gap=gap)

    def _other(self, rng: Generator) -> Record:
        some = self.letters
        if rng.random() >= _LETTERS:
            some = self.marks["/"]
            if rng.random() >= _SLASHES:
                kinds = [label for label in MARKS if label != "/"]
                some = self.marks[kinds[int(rng.integers(len(kinds)))]]
        return some[int(rng.integers(len(some)))]


def _written(own: Sequence[Record], rng: Generator) -> tuple[str, Strokes]:
    digit = own[int(rng.integers(len(own)))]
    if int(digit.label) in HANDS and rng.random() < _SYNTHETIC_DIGITS:
        hands = HANDS[int(digit.label)]
        return digit.label, from_template(hands[int(rng.integers(len(hands)))](rng), rng)
    return digit.label, digit.strokes


def _synthetic(rng: Generator) -> tuple[str, Strokes]:
    label = int(rng.integers(10))
    return str(label), synthetic_strokes(label, rng)


def _rendered(strokes: Strokes, rng: Generator) -> Pixels:
    extent = np.ptp(np.vstack(strokes), axis=0)
    style = RenderStyle.random(rng, _PHOTOS)
    side, size = int(rng.integers(200, 600)), float(rng.uniform(0.6, 0.95))
    digit_height = size * side / max(float(extent.max()), 1.0)  # about, in pixels
    pen = max(1.0, float(rng.uniform(0.025, 0.14)) * digit_height)
    return render(strokes, replace(style, side=side, size=size, pen=pen, turn=style.turn / 2))


def render_rows(folder: Path, split: Split, count: int, seed: int) -> Rows:
    """Rows of `count` pictures by the split's writers, in parallel on all CPU cores.

    Pictures in which segmentation finds another number of rows, or a row that is too long, are left
    out, as it is not known then which row is which. Raises `TrainerError` as `read_split` does, and
    if no row is left.
    """
    digits = read_split(folder, "digits", split)
    letters = read_split(folder, "letters", split)
    others = [each for each in letters if each.label in MARKS or each.label not in LOOK_ALIKES]
    renderer = RowRenderer.of(digits, others)
    stream = [list(Split).index(split), seed]
    parts = in_chunks(partial(_render, renderer, stream), count, "rows")
    rows = Rows(
        [image for part in parts for image in part.images],
        [text for part in parts for text in part.texts],
    )
    if not rows.texts:
        raise TrainerError(f"no row could be rendered in {count} pictures")
    return rows


def _render(renderer: RowRenderer, stream: Sequence[int], indices: range) -> Rows:
    rows = Rows([], [])
    for index in indices:
        texts, picture = renderer.draw(np.random.default_rng([*stream, index]))
        try:
            images = row_images(ModelInputs(Image.fromarray(picture)).number)
        except (EmptyDrawing, TooManyPieces):
            continue
        if len(images) != len(texts):
            continue
        for text, image in zip(texts, images, strict=True):
            if image is not None:
                rows.images.append(image)
                rows.texts.append(text)
    return rows
