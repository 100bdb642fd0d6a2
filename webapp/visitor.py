"""The visitor of a request, a random id in the session cookie, and the visitor's feedback."""

from __future__ import annotations

import secrets
from functools import partial

import msgspec
from flask import request, session

from webapp.cost import charged
from webapp.feedback import Feedback, correction_of, require_corrections, store_correction
from webapp.http.client import client_network
from webapp.http.images import picture_in_data_url
from webapp.problems import as_problems
from webapp.schemas import FeedbackRequest, Kept
from webapp.services import services
from webapp.storage.drawings import Correction
from webapp.threads import Lane, in_thread

_VISITOR = "visitor"


def visitor_id() -> str:
    """The visitor's id; empty before the first feedback."""
    found: str = session.get(_VISITOR, "")
    return found


def keep_feedback(asked: FeedbackRequest) -> tuple[Kept, bool]:
    """Store feedback for the visitor of this request; return it, and whether it is new.

    Call it in the request's greenlet: it chooses the lanes itself. Raises `Problem`.
    """
    visitor, client = visitor_id() or secrets.token_hex(16), client_network(request)
    with as_problems():
        require_corrections(services())
        correction = in_thread(Lane.COMPUTE, _correction, asked)
        stored = in_thread(Lane.DATABASE, store_correction, services(), correction, visitor, client)
    session[_VISITOR] = visitor
    return msgspec.convert(stored, Kept, from_attributes=True), stored.is_new


def _correction(asked: FeedbackRequest) -> Correction:
    picture = charged(partial(picture_in_data_url, asked.image)) if asked.image else None
    feedback = Feedback(
        label=asked.label,
        prediction_id=asked.prediction_id,
        picture=picture,
        strokes=asked.strokes,
    )
    return correction_of(services(), feedback)
