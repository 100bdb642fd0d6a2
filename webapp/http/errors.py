"""Every error in one shape: problem+json from the API, a page elsewhere."""

from __future__ import annotations

import logging
from http import HTTPStatus

import msgspec
from flask import Flask, Response, g, render_template, request
from werkzeug.exceptions import HTTPException

from webapp.http.json import prefers_json
from webapp.schemas import ProblemDetails

log = logging.getLogger(__name__)

_CODES = {
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
}


class Problem(Exception):
    """An answer that is an error: its status, its unchanging code, and what to do in words."""

    def __init__(self, status: HTTPStatus, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail[:1].upper() + detail[1:]
        self.headers: dict[str, str] = {}


def init_app(app: Flask) -> None:
    app.register_error_handler(Problem, _answer)
    app.register_error_handler(HTTPException, _from_http)
    app.register_error_handler(Exception, _unexpected)


def _from_http(error: HTTPException) -> Response:
    if error.code is None or error.code < 400:  # a redirect
        return error.get_response()  # type: ignore[return-value]
    status = HTTPStatus(error.code)
    response = _answer(Problem(status, _CODES.get(status, "http_error"), error.description or ""))
    if allowed := getattr(error, "valid_methods", None):
        response.headers["Allow"] = ", ".join(allowed)
    return response


def _unexpected(error: Exception) -> Response:
    log.exception("request %s failed", g.get("request_id"), exc_info=error)
    detail = "Something went wrong on our side. It was logged."
    return _answer(Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error", detail))


def _answer(problem: Problem) -> Response:
    if _wants_page():
        page = render_template("error.html", problem=problem)
        return Response(page, problem.status, problem.headers)
    details = ProblemDetails(
        title=problem.status.phrase,
        status=problem.status,
        detail=problem.detail,
        code=problem.code,
        request_id=g.get("request_id", ""),
    )
    body = msgspec.json.encode(details)
    return Response(body, problem.status, problem.headers, mimetype="application/problem+json")


def _wants_page() -> bool:
    if request.path.startswith(("/api/v1/", "/admin/api/")):
        return False
    return not (prefers_json() or request.mimetype == "application/json")
