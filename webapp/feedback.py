"""The feedback use case: validates a visitor's label and stores the drawing."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from trainer.recognition.image import Picture
from webapp.http.rate_limit import RateLimiter
from webapp.inference.registry import Models
from webapp.schemas import MAX_POINTS
from webapp.services import Services
from webapp.storage.drawings import (
    Correction,
    PredictionRecord,
    delete_expired,
    store,
    stored_picture,
)

log = logging.getLogger(__name__)


class CorrectionsDisabled(Exception):
    """Corrections are disabled in the settings."""


class FeedbackIncomplete(ValueError):
    """Neither a prediction nor a picture was sent."""


class TooManyPoints(ValueError):
    """The strokes have more than `MAX_POINTS` points."""


class TooManyCorrections(Exception):
    """The client has reached its daily limit."""

    def __init__(self, limit: int, retry_after: timedelta) -> None:
        super().__init__(f"at most {limit} corrections a day; thank you for them")
        self.retry_after = retry_after


class NotStored(Exception):
    """The database did not store the correction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """A visitor's label, for a signed prediction, for an image, or for both."""

    label: str
    prediction_id: str | None = None
    picture: Picture | None = None
    strokes: list[Any] | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """The stored drawing. The id is empty if another visitor stored the same drawing before."""

    id: str
    label: str
    is_new: bool


def require_corrections(services: Services) -> None:
    """Raise `CorrectionsDisabled` if this site stores none."""
    if not services.settings.corrections:
        raise CorrectionsDisabled("this site does not store corrections")


def correction_of(services: Services, feedback: Feedback) -> Correction:
    """What is to be stored of a visitor's feedback. It computes, and needs no database.

    Raises `FeedbackIncomplete`, `TooManyPoints`, `InvalidPredictionId` and `EmptyDrawing`.
    """
    label, picture, strokes = feedback.label, feedback.picture, feedback.strokes
    if sum(map(len, strokes or [])) > MAX_POINTS:
        raise TooManyPoints(f"at most {MAX_POINTS:,} points of strokes")
    if feedback.prediction_id:
        prediction = services.signer.read(feedback.prediction_id)
        if picture:
            return Correction.of_picture(prediction, label, picture, strokes)
        return Correction.of_seen(prediction, label, prediction.seen, strokes)
    if picture:
        return predicted_correction(services.models, label, picture, strokes)
    raise FeedbackIncomplete("send `prediction_id` or `image`")


def store_correction(
    services: Services, correction: Correction, visitor: str, client: str
) -> Stored:
    """Store a correction, counting it against the limits of the visitor and of the client.

    Raises `TooManyCorrections` and `NotStored`.
    """
    try:
        with services.database.writing() as session:
            drawing, is_new = store(session, correction, visitor)
            delete_expired(session, services.settings.keep_days)
            if is_new:
                _count(session, services.limits.corrections_of_visitor, visitor)
                _count(session, services.limits.corrections, client)
    except SQLAlchemyError as error:
        log.exception("a correction could not be stored")
        raise NotStored("it could not be stored; try again later") from error
    if drawing.visitor != visitor:
        return Stored("", correction.label, is_new=False)
    return Stored(drawing.id, drawing.visitor_label, is_new)


def _count(session: Session, limiter: RateLimiter, who: str) -> None:
    """Count a correction. Raises `TooManyCorrections`; the transaction must then end in that."""
    if wait := limiter.hit(session, who):
        raise TooManyCorrections(limiter.limit, wait)


def predicted_correction(
    models: Models, label: str, picture: Picture, strokes: list[Any] | None
) -> Correction:
    """A correction of an image without a prediction: the default model makes one first.

    It reads a single digit, as nothing of a number would be stored. Raises `EmptyDrawing`.
    """
    recognizer = models.get(models.default)
    reading = recognizer.read(picture.image, picture.scale)
    prediction = PredictionRecord(
        models.default,
        recognizer.card.version,
        reading.digit,
        round(reading.confidence, 4),
        reading.is_digit,
        tuple(round(float(p), 4) for p in reading.probabilities),
    )
    pixels = reading.prepared.pixels
    return Correction(prediction, label, stored_picture(picture.image), pixels, strokes)
