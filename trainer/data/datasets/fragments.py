"""Parts of digits, and digits with a part of their neighbor, as wrong cuts of a number leave them.

Segmentation asks the model which of its cuts leave digits, so these are examples of non-digits.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.random import Generator

from trainer.data.datasets import data_set
from trainer.data.rendering.numbers import GAP, OVERLAP, compose_number
from trainer.data.rendering.rendered import RenderedDataset
from trainer.data.samples import Samples, Split
from trainer.data.strokes.records import ATTRIBUTION, Record, read_split
from trainer.recognition.array_types import Floats, Pixels
from trainer.recognition.labels import NOT_A_DIGIT
from trainer.recognition.preprocess import EmptyDrawing
from trainer.recognition.segmentation.candidates import Candidate, digit_candidates
from trainer.recognition.segmentation.numbering import hull
from trainer.recognition.segmentation.segments import Segments, TooManyPieces, segment
from trainer.recognition.strokes import catmull_rom, draw_line, fit_to_canvas

_DEFAULT_SIZES = {Split.TRAIN: 10_000, Split.VALIDATION: 1_000, Split.TEST: 1_000}

_LARGEST_LIKENESS = 0.6  # intersection over union of a fragment and of any digit
_LEAST_OF_A_DIGIT = 0.3  # of its ink: what a fragment has of the digits that it cuts or joins
_NARROWEST = 0.4  # width by height of a fragment; narrower ones are like a 1
_AMBIGUOUS = frozenset("1345789")
"""Digits of which a part may be a digit: the 3 in an 8, the 1 in a 4, a 5 without its bar."""


@data_set("fragments", ATTRIBUTION, files="strokes/digits-*.jsonl.gz")
def fragments(split: Split, folder: Path, size: int | None, seed: int) -> Samples:
    """Fragments of numbers by the split's writers; parts that may be another digit are left out.

    Validation and test splits do not depend on the seed. Raises `TrainerError` if the files are
    missing or damaged.
    """
    draw = FragmentRenderer.of(read_split(folder, "digits", split))
    return RenderedDataset(draw, size or _DEFAULT_SIZES[split], split, seed).samples()


@dataclass(frozen=True, slots=True)
class FragmentRenderer:
    """Draws, cuts and takes one of what is no digit; a `Draw` function."""

    writers: Sequence[Sequence[Record]]
    """The records of each writer."""

    @classmethod
    def of(cls, records: Sequence[Record]) -> FragmentRenderer:
        """With records of at least one writer."""
        by_writer = defaultdict(list)
        for record in records:
            by_writer[record.writer].append(record)
        return cls([by_writer[name] for name in sorted(by_writer)])

    def __call__(self, _index: int, rng: Generator) -> tuple[int, Pixels]:
        found = None
        while found is None:
            own = self.writers[int(rng.integers(len(self.writers)))]
            count = int(rng.choice([1, 2, 2, 2, 3]))
            found = _fragment([own[i] for i in rng.integers(len(own), size=count)], rng)
        return NOT_A_DIGIT, found


def _fragment(digits: Sequence[Record], rng: Generator) -> Pixels | None:
    """A random fragment of a number, prepared for the model: uint8 [28, 28]; None without any."""
    inks = _inks(digits, rng)
    picture = 255 - np.max(inks, axis=0)
    try:
        whole = segment(picture)
        segments = whole.cut(range(1, len(whole) + 1))
        candidates = digit_candidates(segments)
        fragments = [each for each in candidates if _is_fragment(segments, each, digits, inks)]
        if not fragments:
            return None
        found = segments.prepare(*fragments[int(rng.integers(len(fragments)))]).pixels
    except (EmptyDrawing, TooManyPieces):
        return None
    return found


def _inks(digits: Sequence[Record], rng: Generator) -> Pixels:
    """The ink of each digit of a number, by itself: uint8 [digits, height, width]."""
    gap = OVERLAP if rng.random() < 0.7 else GAP
    lines = compose_number([each.strokes for each in digits], rng, gap=gap)
    side = int(rng.integers(60, 90)) * (1 + len(digits))
    height = side / max(1.0, 0.7 * len(digits))
    pen = max(1.5, height * float(rng.uniform(0.04, 0.14)))
    placed = iter(fit_to_canvas([catmull_rom(each) for each in lines], side, 0.95, pen))
    inks = np.zeros((len(digits), side, side), np.uint8)
    for ink, digit in zip(inks, digits, strict=True):
        for _ in digit.strokes:
            draw_line(ink, next(placed), pen)
    return inks


def _is_fragment(
    segments: Segments, candidate: Candidate, digits: Sequence[Record], inks: Pixels
) -> bool:
    """Whether a candidate is unlike each of the digits, and has a good part of at least one."""
    first, last = candidate
    chosen = (segments.labels >= first) & (segments.labels <= last)
    chosen = cv2.resize(chosen.astype(np.uint8), inks.shape[:0:-1]) > 0
    own = np.count_nonzero(chosen)
    areas: Floats = np.count_nonzero(inks > 127, axis=(1, 2)).astype(np.float64)
    common = np.count_nonzero((inks > 127) & chosen, axis=(1, 2))
    if (common / (areas + own - common)).max() > _LARGEST_LIKENESS:
        return False
    parts = np.flatnonzero(common >= _LEAST_OF_A_DIGIT * areas)
    left, top, right, bottom = hull(segments.segments[first - 1 : last])
    if not len(parts) or right - left < _NARROWEST * (bottom - top):
        return False
    return len(parts) > 1 or digits[int(parts[0])].label not in _AMBIGUOUS
