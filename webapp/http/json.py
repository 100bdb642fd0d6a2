"""JSON responses, and the rule that chooses between JSON and a page."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec
from flask import Response, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from webapp.http.client import bearer_token

_JSON_ONLY = ("/api/v1/", "/admin/api/")
"""Path prefixes that always answer with JSON. Paths rather than blueprints, since a path that is
not found belongs to no blueprint."""


def as_json(body: msgspec.Struct | Mapping[str, object], status: int = HTTPStatus.OK) -> Response:
    """A JSON response with this body."""
    return Response(msgspec.json.encode(body), status, mimetype="application/json")


def json_or_redirect(
    body: msgspec.Struct | Mapping[str, object],
    endpoint: str,
    status: int = HTTPStatus.OK,
    **values: Any,
) -> AnyResponse:
    """Answer an action: scripts get `body` with `status`; browsers are redirected to `endpoint`.

    `values` are the arguments of the endpoint's URL.
    """
    return as_json(body, status) if wants_json() else redirect(url_for(endpoint, **values))


def wants_json() -> bool:
    """Whether to answer the current request in JSON rather than with a page or a redirect.

    True for the JSON APIs, for clients that prefer JSON in `Accept`, and for those that send JSON
    or a bearer token, which no browser does.
    """
    return (
        request.path.startswith(_JSON_ONLY)
        or request.accept_mimetypes.best == "application/json"
        or request.mimetype == "application/json"
        or bearer_token(request) is not None
    )
