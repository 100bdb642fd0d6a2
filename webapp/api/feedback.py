"""POST and DELETE /api/v1/feedback: visitors confirm or correct an answer."""

from __future__ import annotations

import logging
import math
import secrets
from datetime import timedelta
from http import HTTPStatus

import msgspec
from flask import Blueprint, Response, current_app, request, session
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from trainer.recognition.preprocess import EmptyDrawing
from webapp.api.operation import operation
from webapp.api.problems import TOO_LARGE, UNREADABLE
from webapp.http.errors import Problem
from webapp.http.images import json_body, picture_in_data_url
from webapp.http.json import as_json
from webapp.http.rate_limit import RateLimiter
from webapp.inference.predict import answer
from webapp.inference.signed_prediction import InvalidPredictionId, SignedPrediction
from webapp.schemas import FeedbackRequest, Kept, PredictRequest
from webapp.services import services
from webapp.storage.drawings import Correction, correction, delete_expired, keep, take_back
from webapp.translatable import N_

log = logging.getLogger(__name__)

blueprint = Blueprint("feedback", __name__, url_prefix="/api/v1/feedback")

MOST_POINTS = 20_000
"""Of the strokes of one drawing."""

_VISITOR = "visitor"


@blueprint.post("")
@operation(
    "feedback",
    N_("Confirm or correct an answer; the drawing is stored"),
    body=FeedbackRequest,
    responses={
        HTTPStatus.CREATED: (N_("The drawing was stored."), Kept),
        HTTPStatus.OK: (N_("The same drawing was stored before."), Kept),
    },
    problems={
        HTTPStatus.BAD_REQUEST: N_(
            "Invalid request: `not_json`, `invalid_request`, `not_a_data_url`, "
            "`broken_base64`; or the `prediction_id` is unknown or expired: "
            "`unknown_prediction`."
        ),
        HTTPStatus.FORBIDDEN: N_("This site does not store corrections: `corrections_off`."),
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE: TOO_LARGE,
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE: N_(
            "Not JSON (`unsupported_media_type`), or not a PNG, JPEG, WebP, GIF or BMP "
            "(`unsupported_picture`)."
        ),
        HTTPStatus.UNPROCESSABLE_ENTITY: UNREADABLE,
        HTTPStatus.TOO_MANY_REQUESTS: N_(
            "Too many corrections from this client today: `too_many_corrections`."
        ),
        HTTPStatus.SERVICE_UNAVAILABLE: N_(
            "The drawing could not be stored; try again later: `not_kept`."
        ),
    },
)
def give() -> Response:
    """Store a drawing with its correct label."""
    if request.mimetype != "application/json":  # nor may another site's form send one
        raise Problem(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", "Send application/json"
        )
    asked = json_body(request, FeedbackRequest)
    kept, is_new = keep_feedback(asked)
    status = HTTPStatus.CREATED if is_new else HTTPStatus.OK
    return as_json(kept, status)


@blueprint.delete("/<id>")
@operation(
    "take_back",
    N_("Delete a drawing that was submitted with the same cookie"),
    responses={HTTPStatus.NO_CONTENT: (N_("The drawing was deleted."), None)},
    problems={HTTPStatus.NOT_FOUND: N_("No such drawing was submitted with this cookie.")},
)
def delete(id: str) -> Response:  # noqa: A002 - the name in the contract
    """Delete a drawing that this visitor submitted."""
    with services().database.writing() as transaction:
        if not take_back(transaction, id, session.get(_VISITOR, "")):
            raise Problem(
                HTTPStatus.NOT_FOUND, "not_found", "No such drawing was submitted with this cookie"
            )
    return Response(status=HTTPStatus.NO_CONTENT)


def keep_feedback(asked: FeedbackRequest) -> tuple[Kept, bool]:
    """Keep it for the visitor of this request, and tell whether it is new. Raises `Problem`."""
    settings = services().settings
    if not settings.corrections:
        raise Problem(HTTPStatus.FORBIDDEN, "corrections_off", "This site keeps no corrections")
    given = _correction(asked)
    visitor = session.setdefault(_VISITOR, secrets.token_hex(16))
    try:
        with services().database.writing() as transaction:
            drawing, is_new = keep(transaction, given, visitor)
            delete_expired(transaction, settings.keep_days)
            if is_new:
                _count(transaction, settings.corrections_per_day)
    except SQLAlchemyError as error:
        log.exception("a correction could not be kept")
        raise Problem(
            HTTPStatus.SERVICE_UNAVAILABLE, "not_kept", "It could not be kept; try again later"
        ) from error
    if drawing.visitor != visitor:
        return Kept(id="", label=asked.label), False
    return msgspec.convert({"id": drawing.id, "label": drawing.told}, Kept), is_new


def _correction(asked: FeedbackRequest) -> Correction:
    """Whatever of the answer and the picture was not sent is made anew. Raises `Problem`."""
    if sum(map(len, asked.strokes or [])) > MOST_POINTS:
        raise Problem(
            HTTPStatus.BAD_REQUEST, "invalid_request", f"At most {MOST_POINTS:,} points of strokes"
        )
    picture = picture_in_data_url(asked.image) if asked.image else None
    signer = services().signer
    try:
        if asked.prediction_id:
            signed = signer.read(asked.prediction_id)
        elif picture:
            wishes = PredictRequest(image="")
            signed = SignedPrediction.of(answer(picture, services().models, wishes))
        else:
            raise Problem(
                HTTPStatus.BAD_REQUEST, "invalid_request", "Send `prediction_id` or `image`"
            )
        return correction(signed, asked.label, picture, asked.strokes)
    except InvalidPredictionId as error:
        raise Problem(HTTPStatus.BAD_REQUEST, "unknown_prediction", f"T{str(error)[1:]}") from error
    except EmptyDrawing:
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY, "empty_drawing", "Nothing is drawn in the picture"
        ) from None


def _count(transaction: Session, limit: int) -> None:
    """One more of this client's corrections of the day. Raises `Problem` where that is too many."""
    address = request.remote_addr or ""
    secret = str(current_app.secret_key)
    limiter = RateLimiter("corrections", limit, timedelta(days=1), secret)
    if wait := limiter.hit(transaction, address):
        problem = Problem(
            HTTPStatus.TOO_MANY_REQUESTS,
            "too_many_corrections",
            f"At most {limit} corrections a day; thank you for them",
        )
        problem.headers["Retry-After"] = str(math.ceil(wait.total_seconds()))
        raise problem
