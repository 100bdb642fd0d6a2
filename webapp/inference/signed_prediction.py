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

from trainer.recognition.image import png_of_data_url
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

    @classmethod
    def of(cls, prediction: Prediction) -> SignedPrediction:
        return cls(
            prediction.model.name,
            prediction.model.version,
            prediction.digit,
            round(max(prediction.probabilities), 4),
            prediction.is_digit,
            tuple(round(p, 4) for p in prediction.probabilities),
            secrets.token_bytes(6),
            png_of_data_url(prediction.seen),
        )


class PredictionSigner:
    """Signs and verifies tokens with the secret that all processes share."""

    def __init__(self, secret: str) -> None:
        self._signer = TimestampSigner(secret, salt="prediction")

    def sign(self, prediction: P) -> P:
        """Set `prediction_id` to the token, of letters, digits, `-`, `_` and `.`; return it."""
        packed = base64.urlsafe_b64encode(msgspec.msgpack.encode(SignedPrediction.of(prediction)))
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
