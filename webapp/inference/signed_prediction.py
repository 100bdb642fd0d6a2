"""The `prediction_id`: a signed token that holds the prediction itself.

The server stores nothing about a prediction: any process on any host can verify the token when a
client sends it back with feedback.
"""

from __future__ import annotations

import base64
import secrets
from typing import TypeVar

import msgspec
from itsdangerous import BadData, TimestampSigner

from trainer.recognition.image import as_png, png_of_data_url
from trainer.recognition.model_inputs import ModelInputs
from trainer.recognition.preprocess import EmptyDrawing
from webapp.schemas import Prediction
from webapp.storage.drawings import PredictionRecord

P = TypeVar("P", bound=Prediction)

LIFETIME = 24 * 3600
"""Seconds."""


class InvalidPredictionId(ValueError):
    """The token's signature is invalid, or it has expired."""


class SignedPrediction(PredictionRecord, array_like=True, frozen=True):
    """The content of a token. The order of its fields is the format."""

    nonce: bytes
    """Makes every token unique."""
    seen: bytes
    """The model's input, 28×28, as a PNG file. Of a number, its least certain digit."""
    number: str = ""
    """The text of several digits."""
    whole: bytes = b""
    """All ink of the drawing, as a small PNG file, where `seen` may not be all that a label is
    about: the answer is a number, or none, or it is to be corrected without sending the picture
    again; otherwise empty."""

    @classmethod
    def of(cls, prediction: Prediction, inputs: ModelInputs, keep_whole: bool) -> SignedPrediction:
        several = len(prediction.digits) > 1
        return cls(
            prediction.model.name,
            prediction.model.version,
            prediction.digit,
            round(prediction.confidence, 4),
            prediction.is_digit,
            tuple(round(p, 4) for p in prediction.probabilities),
            secrets.token_bytes(6),
            png_of_data_url(prediction.seen),
            prediction.text if several else "",
            _whole(inputs) if keep_whole or several or not prediction.is_digit else b"",
        )


class PredictionSigner:
    """Signs and verifies tokens with the secret that all processes share."""

    def __init__(self, secret: str) -> None:
        self._signer = TimestampSigner(secret, salt="prediction")

    def sign(self, prediction: P, inputs: ModelInputs, *, keep_whole: bool = False) -> P:
        """Set `prediction_id` to the token, of letters, digits, `-`, `_` and `.`; return it.

        `inputs` are those of the picture that the prediction was made for. `keep_whole`: a label
        may come without the picture, whatever it is about.
        """
        content = msgspec.msgpack.encode(SignedPrediction.of(prediction, inputs, keep_whole))
        packed = base64.urlsafe_b64encode(content)
        prediction.prediction_id = self._signer.sign(packed.rstrip(b"=")).decode()
        return prediction

    def read(self, text: str) -> SignedPrediction:
        """Verify and decode a token. Raises `InvalidPredictionId`."""
        try:
            packed = self._signer.unsign(text, max_age=LIFETIME)
            padded = packed + b"=" * (-len(packed) % 4)
            return msgspec.msgpack.decode(base64.urlsafe_b64decode(padded), type=SignedPrediction)
        except (BadData, ValueError, msgspec.MsgspecError) as error:
            raise InvalidPredictionId("the prediction_id is unknown or expired") from error


def _whole(inputs: ModelInputs) -> bytes:
    """All ink as a PNG file; empty where a digit was read in another way to see a photo's ink."""
    try:
        return as_png(inputs.small)
    except EmptyDrawing:
        return b""
