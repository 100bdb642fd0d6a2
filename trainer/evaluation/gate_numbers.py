"""The gate's numbers: several digits of one writer in a picture, to be read as a whole."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from trainer.data.datasets.corrections import Corrected
from trainer.data.datasets.synthetic import synthetic_strokes
from trainer.data.parallel import in_threads
from trainer.data.rendering.rendered_numbers import NumberRenderer
from trainer.data.source import Source
from trainer.data.strokes.records import Record, read_gate
from trainer.evaluation.benchmark.rendered_samples import draw_one
from trainer.paths import data_folder
from trainer.recognition.image import decode
from trainer.recognition.model_inputs import ModelInputs
from trainer.recognition.preprocess import EmptyDrawing
from trainer.recognition.recognizer import Recognizer
from trainer.recognition.segmentation.segments import TooManyPieces

COUNT = 200
_LENGTHS = (2, 3, 4)
_SEED = 4  # other random numbers than those of the splits and gate parts
_SYNTHETIC_WRITERS = 20


def numbers_right(recognizers: Sequence[Recognizer]) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Which numbers each model reads right as a whole, bool [models, n], and who wrote them, [n].

    They are composed of the digits of the gate's writers, of synthetic ones where these are not on
    the machine. The picture is segmented once for all models. Raises `TrainerError` as `read_gate`.
    """
    writers = _writers()

    def read(index: int) -> list[bool]:
        length = _LENGTHS[index % len(_LENGTHS)]
        draw = NumberRenderer(writers[index % len(writers)], length)
        label, picture = draw_one(draw, _SEED, index)
        return _are_right(recognizers, ModelInputs(picture), str(label).zfill(length))

    right = np.array(in_threads(read, range(COUNT)), np.bool_).reshape(COUNT, len(recognizers))
    return right.T, np.arange(COUNT) % len(writers)


def corrected_right(
    recognizers: Sequence[Recognizer], numbers: Sequence[Corrected]
) -> NDArray[np.bool_]:
    """Which drawings of numbers each model reads right as a whole: bool [models, n]."""

    def read(number: Corrected) -> list[bool]:
        picture = decode(number.picture)
        return _are_right(recognizers, ModelInputs(picture.image, picture.scale), number.label)

    right = np.array(in_threads(read, numbers), np.bool_)
    return right.reshape(len(numbers), len(recognizers)).T


def _writers() -> list[list[Record]]:
    """The digits of each of the gate's writers who wrote at least a few."""
    if not Source("strokes").is_here:
        return [_synthetic_writer(number) for number in range(_SYNTHETIC_WRITERS)]
    by_writer: dict[str, list[Record]] = {}
    for record in read_gate(data_folder(), "digits"):
        by_writer.setdefault(record.writer, []).append(record)
    return [by_writer[name] for name in sorted(by_writer)]


def _synthetic_writer(number: int) -> list[Record]:
    rng = np.random.default_rng([_SEED, number])
    return [Record(str(digit), synthetic_strokes(digit, rng), "synthetic") for digit in range(10)]


def _are_right(recognizers: Sequence[Recognizer], inputs: ModelInputs, text: str) -> list[bool]:
    return [_read(recognizer, inputs) == text for recognizer in recognizers]


def _read(recognizer: Recognizer, inputs: ModelInputs) -> str:
    """The digits of the number; none if it is rejected, or if there is no ink."""
    try:
        number = recognizer.read_all(inputs)
    except (EmptyDrawing, TooManyPieces):
        return ""
    return number.text if number.is_number else ""
