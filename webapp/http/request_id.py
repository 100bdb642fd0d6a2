"""Request ids, which link the log lines of nginx and the app for one request."""

from __future__ import annotations

import re
import secrets

from flask import Flask, Response, g, request

from webapp import logs

HEADER = "X-Request-ID"
_VARIABLE = "HTTP_X_REQUEST_ID"  # the same in WSGI

_SAFE = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)


def init_app(app: Flask) -> None:
    """Set `g.request_id` to the client's `X-Request-ID`, or a random one, and send it back."""

    @app.before_request
    def choose() -> None:
        environ = request.environ
        given = environ.get(_VARIABLE, "")
        chosen = given if _SAFE.fullmatch(given) else secrets.token_hex(16)
        g.request_id = environ[logs.IN_ENVIRONMENT] = chosen
        logs.request_id.set(chosen)

    @app.teardown_request
    def forget(_error: BaseException | None) -> None:
        logs.request_id.set("")  # the thread may have other work next

    @app.after_request
    def send_back(response: Response) -> Response:
        response.headers[HEADER] = g.get("request_id", "")
        return response
