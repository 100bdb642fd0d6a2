"""Answers in JSON, and who would rather have them than pages."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

import msgspec
from flask import Response, request


def as_json(body: msgspec.Struct | Mapping[str, object], status: int = HTTPStatus.OK) -> Response:
    return Response(msgspec.json.encode(body), status, mimetype="application/json")


def prefers_json() -> bool:
    """Whether whoever asks would rather have JSON than a page."""
    return request.accept_mimetypes.best == "application/json"
