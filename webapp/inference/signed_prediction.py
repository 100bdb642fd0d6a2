"""What an answer's `prediction_id` says: the answer itself, signed, so that nothing need be kept.

Whoever corrects an answer sends its id back, to whichever process or machine.
"""

from __future__ import annotations

import base64
import secrets
from typing import TypeVar

import msgspec
from itsdangerous import BadData, TimestampSigner

from webapp.schemas import Prediction

P = TypeVar("P", bound=Prediction)

LIFETIME = 24 * 3600
"""Seconds."""

_PREFIX = "data:image/png;base64,"


class InvalidPredictionId(ValueError):
    """Not an id that we gave, or one that is too old."""


class SignedPrediction(msgspec.Struct, array_like=True, frozen=True):
    """An answer to one drawing."""

    model: str
    version: str
    digit: int
    confidence: float
    is_digit: bool
    probabilities: tuple[float, ...]
    nonce: bytes
    """So that no two answers have the same id."""
    seen: bytes
    """The 28×28 that the model saw, as PNG. Of a number, its least certain digit."""

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
            base64.b64decode(prediction.seen.removeprefix(_PREFIX)),
        )


class PredictionSigner:
    """Issues and reads them by a secret that all processes share."""

    def __init__(self, secret: str) -> None:
        self._signer = TimestampSigner(secret, salt="prediction")

    def sign(self, prediction: P) -> P:
        """Give an answer its id: letters, digits, `-`, `_` and `.`."""
        packed = base64.urlsafe_b64encode(msgspec.msgpack.encode(SignedPrediction.of(prediction)))
        prediction.prediction_id = self._signer.sign(packed.rstrip(b"=")).decode()
        return prediction

    def read(self, text: str) -> SignedPrediction:
        """Raises `InvalidPredictionId`."""
        try:
            packed = self._signer.unsign(text, max_age=LIFETIME)
            padded = packed + b"=" * (-len(packed) % 4)
            return msgspec.msgpack.decode(base64.urlsafe_b64decode(padded), type=SignedPrediction)
        except (BadData, ValueError, msgspec.MsgspecError) as error:
            raise InvalidPredictionId(
                "the prediction_id is none of ours, or older than a day"
            ) from error
