"""POST and DELETE /api/v1/feedback: visitors confirm or correct an answer."""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, Response, request

from webapp.api.operation import operation
from webapp.api.problems import TOO_LARGE, UNREADABLE
from webapp.http.errors import Problem
from webapp.http.images import json_body
from webapp.http.json import as_json
from webapp.http.lanes import lane_by_size, runs_in
from webapp.schemas import FeedbackRequest, Kept
from webapp.services import services
from webapp.storage import full_disk
from webapp.storage.drawings import delete_own
from webapp.threads import Lane, in_thread
from webapp.translatable import N_
from webapp.visitor import keep_feedback, visitor_id

blueprint = Blueprint("feedback", __name__, url_prefix="/api/v1/feedback")


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
            "`broken_base64`; the `prediction_id` is unknown or expired: `unknown_prediction`; or "
            "a number was read as one digit, and its `image` is needed too: `picture_needed`."
        ),
        HTTPStatus.FORBIDDEN: N_("This site does not store corrections: `corrections_off`."),
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE: TOO_LARGE,
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE: N_(
            "Not JSON (`unsupported_media_type`), or a picture of a format that is not read "
            "(`unsupported_picture`)."
        ),
        HTTPStatus.UNPROCESSABLE_ENTITY: UNREADABLE,
        HTTPStatus.TOO_MANY_REQUESTS: N_(
            "Too many corrections from this visitor or client within a day: "
            "`too_many_corrections`; or too many requests: `too_many_requests`."
        ),
        HTTPStatus.SERVICE_UNAVAILABLE: N_(
            "The drawing could not be stored; try again later: `not_kept`."
        ),
    },
)
@runs_in(Lane.GREENLET)
def give() -> Response:
    """Store a drawing with its correct label."""
    if request.mimetype != "application/json":  # no form of another site can send JSON
        raise Problem(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", "Send application/json"
        )
    asked = in_thread(lane_by_size(), json_body, request, FeedbackRequest)
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
@runs_in(Lane.DATABASE)
def delete(id: str) -> Response:  # noqa: A002 - the name in the contract
    """Delete a drawing that this visitor submitted."""
    visitor = visitor_id()
    if not full_disk.delete(services().database, lambda session: delete_own(session, id, visitor)):
        raise Problem(
            HTTPStatus.NOT_FOUND, "not_found", "No such drawing was submitted with this cookie"
        )
    return Response(status=HTTPStatus.NO_CONTENT)
