"""Runs a bundle in ONNX Runtime: from an image to a prediction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from trainer.recognition.array_types import Floats, Pixels
from trainer.recognition.bundle.card import Card
from trainer.recognition.bundle.store import Bundle, BundleError
from trainer.recognition.lazy import lazy
from trainer.recognition.model_inputs import ModelInputs
from trainer.recognition.prediction import (
    DigitPrediction,
    NumberPrediction,
    digit_probabilities,
    digit_score,
)
from trainer.recognition.preprocess import EmptyDrawing, Prepared
from trainer.recognition.segmentation.reading import read_number
from trainer.recognition.segmentation.row_reader import shipped_row_reader
from trainer.recognition.segmentation.segments import Segments, TooManyPieces
from trainer.recognition.session import new_session

if TYPE_CHECKING:
    from trainer.recognition.wiring import Wiring

_LOGITS = ["logits"]
_BATCH = 16
_MAX_DIGITS = 12  # of a number: what reads as more, badly, is not read again in another way


class Recognizer:
    """A bundle loaded into ONNX Runtime, running on one thread.

    Create it after forking, since a session does not survive a fork.
    """

    def __init__(self, bundle: Bundle) -> None:
        """Load the model. Raises `BundleError` if ONNX Runtime rejects it."""
        self.card: Card = bundle.card
        try:
            self._session = new_session(bundle.model)
        except Exception as error:  # ONNX Runtime's exceptions have no common base class
            raise BundleError(
                f"{bundle.folder}: ONNX Runtime cannot load the model: {error}"
            ) from error
        self._model = bundle.model  # which ONNX Runtime keeps, too
        self.weigh_numbers(self.card.numbers.weights if self.card.numbers else {})
        self._input = self._session.get_inputs()[0]

    def weigh_numbers(self, weights: Mapping[str, float]) -> None:
        """Compute the confidence of numbers by these weights, as a card has them, from now on."""
        self._number_weights = dict(weights)

    def read(self, picture: Image.Image | Pixels, scale: float = 1.0) -> DigitPrediction:
        """Recognize the digit in an image. Arguments and errors are those of `preprocess`."""
        return self.read_digit(ModelInputs(picture, scale))

    def read_number(self, picture: Image.Image | Pixels, scale: float = 1.0) -> NumberPrediction:
        """Recognize all digits in an image, row by row, from left to right.

        Arguments are those of `preprocess`. Raises what `read_all` raises.
        """
        return self.read_all(ModelInputs(picture, scale))

    def read_as(self, inputs: ModelInputs, mode: Literal["digit", "number"]) -> NumberPrediction:
        """Recognize an image as the web app does in this mode.

        Raises what `read_digit` and `read_all` raise.
        """
        if mode == "number":
            return self.read_all(inputs)
        return NumberPrediction.of_digit(self.read_digit(inputs))

    def read_digit(self, inputs: ModelInputs) -> DigitPrediction:
        """Recognize the digit in an image.

        Where none is clearly seen, other ways to see the ink are tried, such as without a box
        around it, and one in which a digit is clear counts instead. Raises `EmptyDrawing`.
        """
        first = None
        with suppress(EmptyDrawing):
            first = self.read_prepared(inputs.digit)
        if first and first.is_clear:
            return first
        others = [self.read_prepared(other) for other in inputs.other_digits]
        best = max(others, key=lambda other: other.digit_score, default=None)
        if best and best.is_clear:
            return best
        return first or self.read_prepared(inputs.digit)

    def read_all(self, inputs: ModelInputs) -> NumberPrediction:
        """Recognize all digits in an image, row by row, from left to right; see `read_digit`.

        Raises `EmptyDrawing` and `TooManyPieces`.
        """
        prediction = self.read_segments(inputs.number)
        if prediction.is_number or len(prediction.digits) > _MAX_DIGITS:
            return prediction
        best = prediction
        for other in inputs.other_numbers:
            with suppress(EmptyDrawing, TooManyPieces):
                best = max(best, self.read_segments(other), key=lambda each: each.digit_score)
        return best if best.is_number else prediction

    def read_prepared(self, prepared: Prepared) -> DigitPrediction:
        """Recognize the digit in a preprocessed image."""
        return self.predict(prepared, self.logits(prepared.pixels[None])[0])

    def read_segments(self, segments: Segments) -> NumberPrediction:
        """Recognize all digits of a number, row by row, from left to right.

        Segments are cut only where they do not read well as a whole, or where the row reader finds
        more digits. Raises `EmptyDrawing` and `TooManyPieces`.
        """
        return read_number(
            segments,
            self.predict_all,
            shipped_row_reader(),
            self.card.rejection_threshold,
            self._number_weights,
        )

    def predict_all(self, prepared: Sequence[Prepared]) -> list[DigitPrediction]:
        """Recognize the digits in several preprocessed images, at least one."""
        logits = self.logits(np.stack([each.pixels for each in prepared]))
        return list(map(self.predict, prepared, logits))

    def predict(self, prepared: Prepared, logits: Floats) -> DigitPrediction:
        """The prediction for one preprocessed image, given its logits, float64 [10 or 11]."""
        score = float(digit_score(logits))
        probabilities = digit_probabilities(logits, self.card.temperature)
        return DigitPrediction(
            prepared, probabilities, score, score >= self.card.rejection_threshold
        )

    def logits(self, pixels: Pixels) -> Floats:
        """The logits of preprocessed images, uint8 [n, 28, 28]: float64 [n, 10] or [n, 11].

        At most `_BATCH` images at once, whose activations take little memory and stay in the cache.
        """
        parts = [pixels[i : i + _BATCH] for i in range(0, len(pixels), _BATCH)]
        logits = [self._session.run(_LOGITS, self._batch(part))[0] for part in parts]
        return np.concatenate(logits).astype(np.float64)

    def stages(self, pixels: Pixels) -> dict[str, NDArray[np.float32]]:
        """The activations of each stage of the model, by its name and in the model's order.

        `pixels` is uint8 [n, 28, 28]. Activations are float32 [n, maps, height, width], [n, rows,
        units] or [n, units]; empty for a model that was exported without stages.
        """
        names = [output.name for output in self._session.get_outputs()][1:]
        if not names:
            return {}
        outputs = self._session.run(names, self._batch(pixels))
        return dict(zip(names, outputs, strict=True))

    @lazy
    def wirings(self) -> dict[str, Wiring]:
        """How the values of each stage come about, by its name, as far as it can be told."""
        from trainer.recognition.onnx_file import InvalidGraph, read_graph  # few requests need it
        from trainer.recognition.wiring_proof import proven
        from trainer.recognition.wiring_trace import wirings

        with suppress(InvalidGraph):
            return proven(wirings(read_graph(self._model)), self.stages)
        return {}

    def _batch(self, pixels: Pixels) -> dict[str, NDArray]:
        """The input of the graph, [n, 1, 28, 28]."""
        batch: NDArray = pixels[:, None]
        if self._input.type == "tensor(float)":  # exported before graphs scaled their own input
            batch = batch.astype(np.float32) / np.float32(255)
        return {self._input.name: batch}
