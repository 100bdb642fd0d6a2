"""The feedback use case: validates a visitor's label and stores the drawing."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import msgspec
import numpy as np
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from trainer.recognition.image import Picture
from trainer.recognition.preprocess import EmptyDrawing, preprocess
from trainer.recognition.strokes import MOST_POINTS, draw_labeled, thinned
from webapp.http.rate_limit import RateLimiter
from webapp.inference.corrections import answered_correction, predicted_correction
from webapp.inference.likeness import DRAWN_AGAIN, blurred_distance
from webapp.schemas import MAX_COORDINATE, MAX_POINTS
from webapp.services import Services
from webapp.storage.drawings import Correction, delete_expired, store

log = logging.getLogger(__name__)

MAX_STROKE_BYTES = 256 << 10
"""Largest size of a drawing's strokes as JSON: half a minute of the fastest pen."""


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
    disputed: bool
    """Whether another visitor labeled the same drawing differently."""


def require_corrections(services: Services) -> None:
    """Raise `CorrectionsDisabled` if this site stores none."""
    if not services.settings.corrections:
        raise CorrectionsDisabled("this site does not store corrections")


def correction_of(services: Services, feedback: Feedback) -> Correction:
    """What is to be stored of a visitor's feedback. It computes, and needs no database.

    The prediction is that of the `prediction_id` if that was made for this picture; otherwise the
    default model reads the picture again, so that what is stored belongs together. Strokes that do
    not draw the picture are left out, as they would teach what no reviewer sees. Raises
    `FeedbackIncomplete`, `PictureNeeded`, `TooManyPoints`, `InvalidPredictionId` and
    `EmptyDrawing`.
    """
    correction = _correction_of(services, feedback, _compact(feedback.strokes))
    if correction.strokes and not _draw_it(correction.strokes, correction):
        log.info("strokes were left out, as they do not draw the picture")
        return replace(correction, strokes=None)
    return correction


def _correction_of(services: Services, feedback: Feedback, strokes: list[Any] | None) -> Correction:
    label, picture = feedback.label, feedback.picture
    if feedback.prediction_id:
        prediction = services.signer.read(feedback.prediction_id)
        if found := answered_correction(prediction, label, picture, strokes):
            return found
    if picture:
        return predicted_correction(services.models, label, picture, strokes)
    raise FeedbackIncomplete("send `prediction_id` or `image`")


def _compact(strokes: list[Any] | None) -> list[Any] | None:
    """Strokes with a hundredth of a pixel, which is all that they are drawn with.

    Raises `TooManyPoints` beyond `MAX_POINTS` or `MAX_STROKE_BYTES`.
    """
    if sum(map(len, strokes or [])) > MAX_POINTS:
        raise TooManyPoints(f"at most {MAX_POINTS:,} points of strokes")
    compact = [
        [[round(value, 2) for value in point] for point in line] for line in strokes or [] if line
    ]
    if len(msgspec.json.encode(compact)) > MAX_STROKE_BYTES:
        raise TooManyPoints(f"strokes of at most {MAX_STROKE_BYTES >> 10} kB")
    return compact or None


def _draw_it(strokes: list[Any], correction: Correction) -> bool:
    """Whether strokes draw what the model saw, apart from the pen's width."""
    lines = thinned([np.array([point[:2] for point in line]) for line in strokes], MOST_POINTS)
    if not np.abs(np.vstack(lines)).max() <= MAX_COORDINATE:
        return False
    try:
        drawn = preprocess(draw_labeled(lines, correction.label)).pixels
    except EmptyDrawing:
        return False
    return blurred_distance(drawn, correction.seen) <= DRAWN_AGAIN


def store_correction(
    services: Services, correction: Correction, visitor: str, client: str
) -> Stored:
    """Store a correction, counting it against the limits of the visitor and of the client.

    Raises `TooManyCorrections` and `NotStored`.
    """
    try:
        with services.database.writing() as session:
            side = services.sides.of_drawing(session, visitor, client)
            drawing, is_new = store(session, correction, visitor, side)
            delete_expired(session, services.settings.keep_days)
            if is_new:
                _count(session, services.limits.corrections_of_visitor, visitor)
                _count(session, services.limits.corrections, client)
    except SQLAlchemyError as error:
        log.exception("a correction could not be stored")
        raise NotStored("it could not be stored; try again later") from error
    if drawing.visitor != visitor:
        differs = correction.label != drawing.truth
        return Stored("", correction.label, is_new=False, disputed=differs)
    return Stored(drawing.id, drawing.visitor_truth, is_new, drawing.is_disputed)


def _count(session: Session, limiter: RateLimiter, who: str) -> None:
    """Count a correction. Raises `TooManyCorrections`; the transaction must then end in that."""
    if wait := limiter.hit(session, who):
        raise TooManyCorrections(limiter.limit, wait)
