"""Asking a bundle: from a picture to ten probabilities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from PIL import Image

from trainer.bundle.card import Card
from trainer.bundle.store import Bundle, BundleError
from trainer.preprocess import Pixels, Prepared, preprocess

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Reading:
    """The answer to one picture.

    `probabilities` is float64 [10] and sums to 1. `digit_score`, 0..1, says how much it looks like
    a digit at all; below the card's threshold `is_digit` is false.
    """

    prepared: Prepared
    probabilities: Floats
    digit_score: float
    is_digit: bool

    @property
    def digit(self) -> int:
        return int(self.probabilities.argmax())

    @property
    def confidence(self) -> float:
        return float(self.probabilities.max())


class Recogniser:
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

    def read(self, picture: Image.Image | Pixels) -> Reading:
        """Read one picture of any kind. Raises `EmptyDrawing` where there is no ink."""
        prepared = preprocess(picture)
        logits = self.logits(prepared.pixels[None])[0] / self.card.temperature
        score = float(digit_score(logits))
        is_digit = score >= self.card.rejection_threshold
        return Reading(prepared, softmax(logits), score, is_digit)

    def logits(self, pixels: Pixels) -> Floats:
        """From prepared pictures, uint8 [n, 28, 28], to logits [n, 10], not yet calibrated."""
        batch = pixels[:, None].astype(np.float32) / 255
        return self._session.run(["logits"], {self._input: batch})[0].astype(np.float64)


def digit_score(logits: Floats) -> Floats:
    """How much each of calibrated logits [..., 10] looks like a digit at all: [...] in 0..1.

    The share of the ten digits in a softmax with an eleventh class of logit 0, which orders
    pictures as the energy score does (Liu et al. 2020): a picture between two digits keeps a high
    score, one that is like none of them gets a low one.
    """
    return 1 / (1 + np.exp(-np.logaddexp.reduce(logits, axis=-1)))


def softmax(logits: Floats) -> Floats:
    """Over the last axis."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)
