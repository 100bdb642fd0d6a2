"""Each request's name, for the logs of every process that it passes."""

from __future__ import annotations

import re
import uuid

from flask import Flask, Response, g, request

HEADER = "X-Request-ID"

_SAFE = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)


def init_app(app: Flask) -> None:
    @app.before_request
    def name_request() -> None:
        given = request.headers.get(HEADER, "")
        g.request_id = given if _SAFE.fullmatch(given) else uuid.uuid4().hex

    @app.after_request
    def tell_name(response: Response) -> Response:
        response.headers[HEADER] = g.get("request_id", "")
        return response
