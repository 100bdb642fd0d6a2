"""Corrections: labeled drawings, exported by the web app as FOLDER/drawings.jsonl.gz.

Each line is JSON: {"label": "7", "not_a_digit" or a number, "picture": base64 of a PNG, "strokes":
[[[x, y, …], …], …] or null, "held_back": true or false, "writer": "…"}. Drawings that are held back
are the gate part, the others the training split; the validation and test splits are empty. A number
is the text of several digits, with a line feed between rows: it teaches those of its digits that
can be told apart, and is judged as a whole.
The web app writes the file, in `webapp/storage/exports.py`.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np
from msgspec import Meta
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image

from trainer.atomic import write_file
from trainer.data.datasets import GATE_PARTS, data_set
from trainer.data.number_pieces import digits_of
from trainer.data.rendering.canvas import RenderStyle, render
from trainer.data.rendering.rendered import RenderedDataset
from trainer.data.samples import Samples, Split, repeated
from trainer.errors import TrainerError
from trainer.recognition.array_types import Pixels
from trainer.recognition.bundle import PRETRAINED, read_bundle
from trainer.recognition.image import PictureError, as_png, decode
from trainer.recognition.labels import LABELS, NOT_A_DIGIT_NAME, is_number
from trainer.recognition.preprocess import SIDE
from trainer.recognition.recognizer import Recognizer

FILE = "drawings.jsonl.gz"
"""Name of the file in the folder."""

_SEGMENTING = PRETRAINED / "inkling"
"""The model that chooses between the cuts of a number. It is always the same, so that what is
trained on does not depend on what was trained before."""

_NOTHING = Samples(np.zeros((0, SIDE, SIDE), np.uint8), np.zeros(0, np.int64))


class Corrected(msgspec.Struct, frozen=True, kw_only=True):
    """A drawing with its true label."""

    label: str
    """A class name, one of `LABELS`, or a number."""
    picture: bytes
    """An image file."""
    strokes: list[list[Annotated[list[float], Meta(min_length=2)]]] | None = None
    """Points [x, y, …] of each stroke, y down; further values of a point are ignored."""
    held_back: bool = False
    """Whether it is held out for the gate."""
    writer: str = ""
    """Identifies whom it comes from; drawings of one writer do not count as independent."""


@data_set("corrections", "Corrected drawings: by the people who drew them", has_path=True)
def corrections(split: Split, folder: Path, size: int | None, seed: int) -> Samples:
    """Each drawing as it was sent; further copies are rendered from its strokes in random styles.

    The validation and test splits are empty. Raises `TrainerError` if the file is missing or
    damaged, or contains no training samples.
    """
    if split is not Split.TRAIN:
        return _NOTHING
    drawings = list(teaching_digits(folder))
    if not drawings:
        raise TrainerError(f"{folder / FILE} contains no drawings to train on")
    order = repeated(len(drawings), size, np.random.default_rng(seed))
    return RenderedDataset(_CorrectionRenderer(drawings, order), len(order), split, seed).samples()


def teaching_digits(folder: Path) -> Iterator[Corrected]:
    """What may be trained on: drawings of one digit or of none, then the digits of numbers.

    Raises `TrainerError` if the file is missing or damaged.
    """
    teaching = [each for each in read(folder) if not each.held_back]
    yield from (each for each in teaching if not is_number(each.label))
    numbers = [each for each in teaching if is_number(each.label)]
    recognizer = Recognizer(read_bundle(_SEGMENTING)) if numbers else None
    for each in numbers:
        assert recognizer is not None  # noqa: S101
        for label, pixels in digits_of(decode(each.picture), each.label, recognizer):
            yield Corrected(label=label, picture=as_png(pixels), writer=each.writer)


@GATE_PARTS.register("corrections")
def gate(folder: Path) -> Samples:
    """The digits, and what is none, that are held out, each as it was sent; empty if none is."""
    drawings, writers = _held_back(folder)
    chosen = [index for index, each in enumerate(drawings) if not is_number(each.label)]
    if not chosen:
        return replace(_NOTHING, writers=np.zeros(0, np.int64))
    order = np.arange(len(chosen), dtype=np.int64)
    render_one = _CorrectionRenderer([drawings[index] for index in chosen], order)
    samples = RenderedDataset(render_one, len(order), None).samples()
    return replace(samples, writers=writers[chosen])


def gate_numbers(folder: Path) -> tuple[list[Corrected], NDArray[np.int64]]:
    """The numbers that are held out, and who wrote them, as `gate` counts writers: int64 [n]."""
    drawings, writers = _held_back(folder)
    chosen = [index for index, each in enumerate(drawings) if is_number(each.label)]
    return [drawings[index] for index in chosen], writers[chosen]


def corrected_numbers(folder: Path) -> tuple[list[Corrected], list[Corrected]]:
    """The numbers that teach, and those that are held out.

    Raises `TrainerError` if the file is missing or damaged.
    """
    numbers = [each for each in read(folder) if is_number(each.label)]
    return (
        [each for each in numbers if not each.held_back],
        [each for each in numbers if each.held_back],
    )


def _held_back(folder: Path) -> tuple[list[Corrected], NDArray[np.int64]]:
    """What is held out, and a number for the writer of each: int64 [n]."""
    drawings = [each for each in read(folder) if each.held_back]
    names = np.array([each.writer for each in drawings], np.str_)
    return drawings, np.unique(names, return_inverse=True)[1].astype(np.int64)


@dataclass(frozen=True, slots=True)
class _CorrectionRenderer:
    """A `Draw` function: the original image first, then renderings of its strokes, if any."""

    drawings: list[Corrected]
    order: NDArray[np.int64]

    def __call__(self, index: int, rng: Generator) -> tuple[int, Image.Image | Pixels]:
        drawing = self.drawings[self.order[index]]
        strokes = [np.array(line, np.float64)[:, :2] for line in drawing.strokes or [] if line]
        if strokes and index >= len(self.drawings):
            return LABELS[drawing.label], render(strokes, RenderStyle.random(rng))
        return LABELS[drawing.label], decode(drawing.picture).image


def write(folder: Path, drawings: list[Corrected]) -> None:
    """Write drawings to the file in this folder, atomically."""
    lines = b"".join(msgspec.json.encode(each) + b"\n" for each in drawings)
    write_file(folder / FILE, gzip.compress(lines, mtime=0))


def read(folder: Path) -> list[Corrected]:
    """Read all drawings. Raises `TrainerError` if the file is missing or damaged."""
    file = folder / FILE
    try:
        lines = gzip.decompress(file.read_bytes()).splitlines()
    except (OSError, EOFError, zlib.error) as error:
        raise TrainerError(f"{file}: {error}") from error
    return [_parse(line, f"{file}:{number}") for number, line in enumerate(lines, 1)]


def _parse(line: bytes, where: str) -> Corrected:
    try:
        drawing = msgspec.json.decode(line, type=Corrected)
        decode(drawing.picture)
    except (msgspec.DecodeError, PictureError) as error:
        raise TrainerError(f"{where}: not a corrected drawing: {error}") from error
    if drawing.label not in LABELS and not is_number(drawing.label):
        raise TrainerError(
            f"{where}: {drawing.label!r} is neither 0 to 9 nor a number nor {NOT_A_DIGIT_NAME}"
        )
    return drawing
