"""The visitor of a request, a random id in the session cookie, and the visitor's feedback."""

from __future__ import annotations

import secrets

import msgspec
from flask import request, session

from webapp.feedback import Feedback, store_feedback
from webapp.http.client import client_network
from webapp.http.images import picture_in_data_url
from webapp.problems import as_problems
from webapp.schemas import FeedbackRequest, Kept
from webapp.services import services

_VISITOR = "visitor"


def visitor_id() -> str:
    """The visitor's id; empty before the first feedback."""
    found: str = session.get(_VISITOR, "")
    return found


def keep_feedback(asked: FeedbackRequest) -> tuple[Kept, bool]:
    """Store feedback for the visitor of this request; return it, and whether it is new.

    Raises `Problem`.
    """
    feedback = Feedback(
        label=asked.label,
        prediction_id=asked.prediction_id,
        picture=picture_in_data_url(asked.image) if asked.image else None,
        strokes=asked.strokes,
    )
    visitor = visitor_id() or secrets.token_hex(16)
    with as_problems():
        stored = store_feedback(services(), feedback, visitor, client_network(request))
    session[_VISITOR] = visitor
    return msgspec.convert({"id": stored.id, "label": stored.label}, Kept), stored.is_new
