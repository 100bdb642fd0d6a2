"""Receives request bodies: bounded in bytes, memory and time, before a view asks for them."""

from __future__ import annotations

import io
import tempfile
import time
from http import HTTPStatus
from typing import IO

import gevent
from flask import Flask, request
from werkzeug.wsgi import get_content_length

from webapp.http.errors import Problem

GRACE = 60.0
"""Seconds that every client has for its body."""
SLOWEST = 50_000
"""Bytes per second that a body may take longer for than `GRACE`."""

_IN_MEMORY = 1 << 20  # bytes; longer bodies wait in a temporary file until their turn comes
_CHUNK = 1 << 16


def init_app(app: Flask) -> None:
    """Receive the body of every request that has a view, before its forms are read.

    Call it after what rejects requests without looking at their bodies. A request that is too slow
    or ends early fails with `Problem`; one of more than `request.max_content_length` is left to
    fail when its view reads it.
    """

    @app.before_request
    def receive() -> None:
        environ, limit = request.environ, request.max_content_length
        declared = get_content_length(environ)
        is_chunked = "HTTP_TRANSFER_ENCODING" in environ and "wsgi.input_terminated" in environ
        if request.url_rule is None or not (declared or is_chunked):
            return
        if limit is not None and declared is not None and declared > limit:
            return
        body = _read(environ["wsgi.input"], declared, limit)
        if declared is not None and body.tell() < declared:
            raise Problem(HTTPStatus.BAD_REQUEST, "incomplete", "The body ended early")
        environ["CONTENT_LENGTH"] = str(body.tell())  # also of a body that came in chunks
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        body.seek(0)
        environ["wsgi.input"] = body


def _read(stream: IO[bytes], declared: int | None, limit: int | None) -> IO[bytes]:
    """The body in memory or in a temporary file, positioned at its end; cut off beyond `limit`."""
    body: IO[bytes] = io.BytesIO()
    if declared is None or declared > _IN_MEMORY:
        body = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - it outlives this function
    began, left = time.monotonic(), declared
    while left is None or left > 0:
        if limit is not None and body.tell() > limit:
            break
        allowed = GRACE + body.tell() / SLOWEST - (time.monotonic() - began)
        with gevent.Timeout(max(allowed, 0.001), False):
            chunk = stream.read(_CHUNK if left is None else min(left, _CHUNK))
            body.write(chunk)
            left = left and left - len(chunk)
            if chunk:
                continue
            break
        raise Problem(HTTPStatus.REQUEST_TIMEOUT, "too_slow", "The body arrived too slowly")
    return body
