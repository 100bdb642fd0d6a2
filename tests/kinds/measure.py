"""Reads pictures of each kind, and counts what is right and what is accepted."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from PIL import Image, ImageDraw

from tests.kinds.registry import KINDS, NUMBERS
from trainer.data.datasets.letters import letter_records
from trainer.data.samples import Split
from trainer.data.strokes.records import Record, read_split
from trainer.paths import data_folder
from trainer.recognition.array_types import Pixels
from trainer.recognition.image import PictureError, decode
from trainer.recognition.preprocess import EmptyDrawing
from trainer.recognition.recognizer import Recognizer
from trainer.recognition.segmentation.segments import TooManyPieces

_DIGITS_OF_A_NUMBER = 5


@dataclass(frozen=True, slots=True)
class Reading:
    """A picture, and how it was read."""

    content: bytes
    label: str
    text: str
    """What was read, whether accepted or not; or the error."""
    accepted: bool
    score: float
    seen: Pixels | None

    @property
    def right(self) -> bool:
        return self.text == self.label


@cache
def records(split: Split, letters: bool) -> list[Record]:
    """The drawings of a split's writers, of digits or of what is not a digit."""
    folder = data_folder()
    return letter_records(split, folder) if letters else read_split(folder, "digits", split)


def generator(name: str, seed: int, index: int) -> np.random.Generator:
    return np.random.default_rng([seed, zlib.crc32(name.encode()), index])


def picture(name: str, chosen: Sequence[Record], seed: int, index: int) -> tuple[str, bytes]:
    """The label and the file of one picture; the same for the same arguments."""
    rng = generator(name, seed, index)
    if name in NUMBERS:
        writer = chosen[int(rng.integers(len(chosen)))].writer
        own = [record for record in chosen if record.writer == writer]
        digits = [own[int(rng.integers(len(own)))] for _ in range(_DIGITS_OF_A_NUMBER)]
        strokes = [digit.strokes for digit in digits]
        return "".join(digit.label for digit in digits), NUMBERS[name](strokes, rng)
    record = chosen[int(rng.integers(len(chosen)))]
    return record.label, KINDS[name](record.strokes, record.label, rng)


def readings(
    name: str,
    recognizer: Recognizer,
    count: int,
    seed: int = 0,
    split: Split = Split.VALIDATION,
    letters: bool = False,
) -> Iterator[Reading]:
    """Read `count` pictures of a kind."""
    chosen = records(split, letters)
    for index in range(count):
        label, content = picture(name, chosen, seed, index)
        yield _read(recognizer, label, content, name in NUMBERS)


def _read(recognizer: Recognizer, label: str, content: bytes, number: bool) -> Reading:
    try:
        decoded = decode(content)
        if number:
            whole = recognizer.read_number(decoded.image, decoded.scale)
            seen = np.concatenate([digit.prepared.pixels for digit in whole.digits], axis=1)
            return Reading(content, label, whole.text, whole.is_number, whole.digit_score, seen)
        digit = recognizer.read(decoded.image, decoded.scale)
        seen = digit.prepared.pixels
        return Reading(content, label, str(digit.digit), digit.is_digit, digit.digit_score, seen)
    except (EmptyDrawing, TooManyPieces, PictureError) as error:
        return Reading(content, label, type(error).__name__, False, 0.0, None)


def contact_sheet(shown: Sequence[Reading], columns: int = 10, side: int = 150) -> Image.Image:
    """Pictures with what the model saw, the label, what was read and its digit score."""
    tall = side + 16
    rows = -(-len(shown) // columns)
    sheet = Image.new("RGB", (columns * side, max(1, rows) * tall), (90, 120, 90))
    draw = ImageDraw.Draw(sheet)
    for number, reading in enumerate(shown):
        x, y = number % columns * side, number // columns * tall
        taken = decode(reading.content).image.convert("RGB")
        if max(taken.size) < side // 2:
            taken = taken.resize((side - 4, side - 4), Image.Resampling.NEAREST)
        taken.thumbnail((side - 4, side - 4))
        sheet.paste(taken, (x, y))
        if reading.seen is not None:
            seen = cv2.resize(reading.seen, None, fx=1.6, fy=1.6)
            sheet.paste(Image.fromarray(seen), (x + side - seen.shape[1], y + side - 45))
        mark = "" if reading.accepted else "rejected "
        text = f"{reading.label}: {mark}{reading.text} {reading.score:.2f}"
        draw.text((x, y + side), text, (255, 255, 255))
    return sheet
