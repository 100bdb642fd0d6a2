"""Error responses: `application/problem+json` (RFC 9457) for scripts, a page for browsers."""

from __future__ import annotations

import errno
import logging
from http import HTTPStatus

import msgspec
from flask import Flask, Response, g, render_template, request
from sqlalchemy.exc import DataError
from werkzeug.exceptions import BadHost, HTTPException

from webapp.http.json import wants_json
from webapp.schemas import ProblemDetails
from webapp.storage.database import DatabaseUnavailable
from webapp.threads import Overloaded

log = logging.getLogger(__name__)

_CODES = {
    HTTPStatus.NOT_FOUND: "not_found",
    HTTPStatus.METHOD_NOT_ALLOWED: "method_not_allowed",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "too_large",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "unsupported_media_type",
}

_REQUIRED = {
    HTTPStatus.UNAUTHORIZED: ("WWW-Authenticate", "Bearer"),
    HTTPStatus.TOO_MANY_REQUESTS: ("Retry-After", "1"),
    HTTPStatus.SERVICE_UNAVAILABLE: ("Retry-After", "5"),
}
"""The header, in seconds for the latter two, that a response of this status has at least."""


class Problem(Exception):
    """An error response: HTTP status, stable machine-readable code, and a sentence for people."""

    def __init__(self, status: HTTPStatus, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail[:1].upper() + detail[1:]
        self.headers: dict[str, str] = {}


def init_app(app: Flask) -> None:
    """Turn every exception that a view raises into an error response."""
    app.register_error_handler(Problem, answer)
    app.register_error_handler(HTTPException, _from_http)
    app.register_error_handler(Overloaded, _unavailable)
    app.register_error_handler(DatabaseUnavailable, _unavailable)
    app.register_error_handler(DataError, _unstorable)
    app.register_error_handler(OSError, _from_system)
    app.register_error_handler(Exception, _unexpected)
    app.after_request(_complete)


def _complete(response: Response) -> Response:
    if required := _REQUIRED.get(response.status_code):  # type: ignore[call-overload]
        response.headers.setdefault(*required)
    return response


def answer(problem: Problem) -> Response:
    """The response to the current request: problem details or a page.

    A page has addresses, which no request has whose own host is none.
    """
    if not (wants_json() or isinstance(request.routing_exception, BadHost)):
        page = render_template("error.html", problem=problem)
        return Response(page, problem.status, problem.headers)
    body = msgspec.json.encode(details_of(problem, g.get("request_id", "")))
    return Response(body, problem.status, problem.headers, mimetype="application/problem+json")


def details_of(problem: Problem, request_id: str) -> ProblemDetails:
    """The problem details of an error, as they are sent."""
    return ProblemDetails(
        title=problem.status.phrase,
        status=problem.status,
        detail=problem.detail,
        code=problem.code,
        request_id=request_id,
    )


def _from_http(error: HTTPException) -> Response:
    if error.code is None or error.code < HTTPStatus.BAD_REQUEST:  # a redirect
        return error.get_response()  # type: ignore[return-value]
    status = HTTPStatus(error.code)
    response = answer(Problem(status, _CODES.get(status, "http_error"), error.description or ""))
    if allowed := getattr(error, "valid_methods", None):
        response.headers["Allow"] = ", ".join(allowed)
    return response


def _unavailable(error: Exception) -> Response:
    code = "overloaded" if isinstance(error, Overloaded) else "database_unavailable"
    log.error("request %s failed: %s", g.get("request_id"), error)
    detail = "The site is busy or its database is not available; try again in a moment"
    return answer(Problem(HTTPStatus.SERVICE_UNAVAILABLE, code, detail))


def _unstorable(error: DataError) -> Response:
    log.info("request %s has a value that the database cannot hold: %s", g.get("request_id"), error)
    detail = "A value in the request cannot be stored or looked up"
    return answer(Problem(HTTPStatus.BAD_REQUEST, "invalid_request", detail))


def _from_system(error: OSError) -> Response:
    if error.errno not in (errno.ENOSPC, errno.EDQUOT):
        return _unexpected(error)
    log.error("request %s failed: %s", g.get("request_id"), error)
    detail = "The disk of the server is full; try again later"
    return answer(Problem(HTTPStatus.SERVICE_UNAVAILABLE, "no_room", detail))


def _unexpected(error: Exception) -> Response:
    log.exception("request %s failed", g.get("request_id"), exc_info=error)
    detail = "Internal error; it was logged"
    return answer(Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error", detail))
