"""Drawings that people corrected, as a site keeps them: FOLDER/drawings.jsonl.gz.

Each is one JSON line: {"label": "7" or "not_a_digit", "picture": base64 of a PNG,
"strokes": [[[x, y, …], …], …] or null, "held_back": true or false}. What is held back is the test
part; all else is learned from, and nothing is chosen by it.
"""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np
from msgspec import Meta
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image

from trainer.atomic import write_file
from trainer.data.datasets import data_set
from trainer.data.datasets.folder import LABELS
from trainer.data.rendering.canvas import RenderStyle, render
from trainer.data.rendering.rendered import Drawings
from trainer.data.samples import Samples, Split, repeated
from trainer.errors import TrainerError
from trainer.recognition.image import PictureError, decode
from trainer.recognition.preprocess import SIDE, Pixels

FILE = "drawings.jsonl.gz"


class Corrected(msgspec.Struct, frozen=True, kw_only=True):
    """A drawing, and the truth about it: one of `LABELS`."""

    label: str
    picture: bytes
    strokes: list[list[Annotated[list[float], Meta(min_length=2)]]] | None = None
    held_back: bool = False


@data_set("corrections", "Corrections: by the people who drew them", has_path=True)
def corrections(split: Split, folder: Path, size: int | None, seed: int) -> Samples:
    """Each as it was sent, and then, where its strokes are kept, again and again in other looks.

    The validation part is empty; so is the test part where nothing is held back. Raises
    `TrainerError` where there is nothing to learn from, or the file is bad.
    """
    drawings = [each for each in read(folder) if each.held_back is (split is Split.TEST)]
    if split is Split.VALIDATION or (split is Split.TEST and not drawings):
        return Samples(np.zeros((0, SIDE, SIDE), np.uint8), np.zeros(0, np.int64))
    if not drawings:
        raise TrainerError(f"{folder / FILE} holds no drawings to learn from")
    order = repeated(len(drawings), size, np.random.default_rng(seed))
    return Drawings(_Redrawn(drawings, order), len(order), split, seed).samples()


@dataclass(frozen=True, slots=True)
class _Redrawn:
    drawings: list[Corrected]
    order: NDArray[np.int64]

    def __call__(self, index: int, rng: Generator) -> tuple[int, Image.Image | Pixels]:
        drawing = self.drawings[self.order[index]]
        strokes = [np.array(line, np.float64)[:, :2] for line in drawing.strokes or [] if line]
        if strokes and index >= len(self.drawings):
            return LABELS[drawing.label], render(strokes, RenderStyle.random(rng))
        return LABELS[drawing.label], decode(drawing.picture).image


def write(folder: Path, drawings: list[Corrected]) -> None:
    """Write the file of such drawings."""
    lines = b"".join(msgspec.json.encode(each) + b"\n" for each in drawings)
    write_file(folder / FILE, gzip.compress(lines, mtime=0))


def read(folder: Path) -> list[Corrected]:
    """Every drawing in the file. Raises `TrainerError` where there is none, or it is bad."""
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
    if drawing.label not in LABELS:
        raise TrainerError(f"{where}: {drawing.label!r} is neither 0 to 9 nor not_a_digit")
    return drawing
