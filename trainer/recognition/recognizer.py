"""Asking a bundle: from a picture to ten probabilities."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from PIL import Image

from trainer.recognition.bundle.card import Card
from trainer.recognition.bundle.store import Bundle, BundleError
from trainer.recognition.prediction import DigitPrediction, Floats, digit_probabilities, digit_score
from trainer.recognition.preprocess import (
    EmptyDrawing,
    Parts,
    Pixels,
    Prepared,
    preprocess,
    preprocess_parts,
)
from trainer.recognition.segmentation.joining import (
    NumberPrediction,
    Run,
    best_path,
    mean_score,
    outside,
    reads_well,
)


class Recognizer:
    """A bundle in ONNX Runtime, on one thread.

    Make it after forking: a session does not survive a fork.
    """

    def __init__(self, bundle: Bundle) -> None:
        self.card: Card = bundle.card
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False  # a forward needs kilobytes: keep the worker small
        try:
            self._session = onnxruntime.InferenceSession(
                bundle.model, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime's own exceptions share no other base
            raise BundleError(f"{bundle.folder}: ONNX Runtime cannot load it: {error}") from error
        self._input = self._session.get_inputs()[0].name

    def read(self, picture: Image.Image | Pixels, scale: float = 1.0) -> DigitPrediction:
        """Read the digit in a picture of any kind; `scale` is `preprocess`'s.

        Raises `EmptyDrawing` where there is no ink.
        """
        prepared = preprocess(picture, scale)
        return self.answer(prepared, self.logits(prepared.pixels[None])[0])

    def read_number(self, picture: Image.Image | Pixels, scale: float = 1.0) -> NumberPrediction:
        """Read all the digits in a picture, from left to right. Arguments and errors as above."""
        parts = preprocess_parts(picture, scale)
        digits = self._read_parts(parts)
        well_read = [run for run, reading in digits.items() if reads_well(reading)]
        doubtful = outside(well_read, len(parts.parts))
        if doubtful and (cut := parts.cut(doubtful)).cuts():
            parts, digits = cut, self._read_parts(cut)
        if not digits:
            raise EmptyDrawing("there are only dots in the picture")
        readings = list(digits.values())
        left_out = outside(digits, len(parts.parts)) - parts.dashes()
        is_number = not left_out and mean_score(readings) >= self.card.rejection_threshold
        return NumberPrediction(readings, is_number)

    def _read_parts(self, parts: Parts) -> dict[Run, DigitPrediction]:
        """The runs of parts that read best as digits, from left to right."""
        prepared: dict[Run, Prepared] = {}
        for run in parts.runs():
            with suppress(EmptyDrawing):
                prepared[run] = parts.prepare(*run)
        if not prepared:
            return {}
        logits = self.logits(np.stack([each.pixels for each in prepared.values()]))
        answers = map(self.answer, prepared.values(), logits)
        readings = dict(zip(prepared, answers, strict=True))
        return {run: readings[run] for run in best_path(readings, parts.cuts())}

    def answer(self, prepared: Prepared, logits: Floats) -> DigitPrediction:
        """What the logits of one picture mean."""
        score = float(digit_score(logits))
        probabilities = digit_probabilities(logits, self.card.temperature)
        return DigitPrediction(
            prepared, probabilities, score, score >= self.card.rejection_threshold
        )

    def logits(self, pixels: Pixels) -> Floats:
        """From prepared pictures, uint8 [n, 28, 28], to logits, [n, 10] or [n, 11]."""
        return self._session.run(["logits"], {self._input: _batch(pixels)})[0].astype(np.float64)

    def stages(self, pixels: Pixels) -> dict[str, NDArray[np.float32]]:
        """What each stage of the model makes of prepared pictures, uint8 [n, 28, 28].

        In the model's order, by the stage's name: float32 [n, maps, height, width], [n, rows,
        units] or [n, units].
        """
        names = [output.name for output in self._session.get_outputs()][1:]
        if not names:  # a model without any
            return {}
        outputs = self._session.run(names, {self._input: _batch(pixels)})
        return dict(zip(names, outputs, strict=True))


def _batch(pixels: Pixels) -> NDArray[np.float32]:
    return pixels[:, None].astype(np.float32) / np.float32(255)
