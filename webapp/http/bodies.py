"""Receives request bodies: bounded in bytes, memory and time, before a view asks for them."""

from __future__ import annotations

import io
import logging
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
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

_FORM = "application/x-www-form-urlencoded"
_FORM_BYTES = 1 << 17
"""Of a form without files: the longest field is a prediction's id, of some kB. Its pairs are parsed
all at once, 14 MB of them in 3 s and 720 MB."""

_IN_MEMORY = 1 << 16  # bytes; longer bodies wait in a temporary file until their turn comes
_STEP = 1 << 16  # bytes
_CHUNKED_STEP = 1 << 12  # bytes; where each is a chunk of its own, parsing them takes 20 ms
_TURN, _PAUSE = 0.01, 0.001  # seconds for which a body may come without a pause, and of the pause

log = logging.getLogger(__name__)


def init_app(app: Flask) -> None:
    """Receive the body of every request that has a view, before its forms are read.

    Call it after what rejects requests without looking at their bodies. A request that is too
    slow, ends early or is malformed fails with `Problem`; one of more than
    `request.max_content_length` is left to fail when its view reads it.
    """

    @app.before_request
    def receive() -> None:
        if request.mimetype == _FORM:
            request.max_content_length = _FORM_BYTES
        environ, limit = request.environ, request.max_content_length
        declared = get_content_length(environ)
        is_chunked = "HTTP_TRANSFER_ENCODING" in environ and "wsgi.input_terminated" in environ
        if request.url_rule is None or not (declared or is_chunked):
            return
        if limit is not None and declared is not None and declared > limit:
            return
        body = _read(environ["wsgi.input"], declared, limit)
        if declared is not None and body.tell() < declared:
            raise _incomplete()
        environ["CONTENT_LENGTH"] = str(body.tell())  # also of a body that came in chunks
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        body.seek(0)
        environ["wsgi.input"] = body


def _read(stream: IO[bytes], declared: int | None, limit: int | None) -> IO[bytes]:
    """The body in memory or in a temporary file, positioned at its end; cut off beyond `limit`."""
    body = _place(declared)
    began, left = time.monotonic(), declared
    yielded = began
    while (left is None or left > 0) and (limit is None or body.tell() <= limit):
        allowed = GRACE + body.tell() / SLOWEST - (time.monotonic() - began)
        chunk = _receive(stream, _CHUNKED_STEP if left is None else min(left, _STEP), allowed)
        if not chunk:
            break
        _keep(body, chunk)
        left = left and left - len(chunk)
        if time.monotonic() > yielded + _TURN:
            # Where data waits already, gevent receives it without letting anybody else run.
            gevent.sleep(_PAUSE)
            yielded = time.monotonic()
    return body


def _place(declared: int | None) -> IO[bytes]:
    """Where a body of this size is put; it outlives this function."""
    if declared is None:
        return tempfile.SpooledTemporaryFile(_IN_MEMORY)
    if declared <= _IN_MEMORY:
        return io.BytesIO()
    with _no_room():
        return tempfile.TemporaryFile()  # quicker than one that begins in memory


def _receive(stream: IO[bytes], size: int, seconds: float) -> bytes:
    """The next bytes of a body, or none at its end. Raises `Problem`."""
    try:
        with gevent.Timeout(max(seconds, 0.001), False):
            return stream.read(size)
    except TimeoutError:  # the socket's own
        pass
    except OSError as error:
        raise _incomplete() from error
    except Exception as error:  # each server has its own errors for what is no chunk
        raise Problem(HTTPStatus.BAD_REQUEST, "malformed_body", str(error)) from error
    raise Problem(HTTPStatus.REQUEST_TIMEOUT, "too_slow", "The body arrived too slowly")


def _keep(body: IO[bytes], chunk: bytes) -> None:
    with _no_room():
        body.write(chunk)
        body.flush()  # a full disk is told here, and not where the body is read


@contextmanager
def _no_room() -> Iterator[None]:
    """Tell the client that there is no room where a temporary file cannot be written."""
    try:
        yield
    except OSError as error:
        log.error("a request body cannot be stored in %s: %s", tempfile.gettempdir(), error)
        detail = "There is no room for the body now; try again later"
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "no_room", detail) from error


def _incomplete() -> Problem:
    return Problem(HTTPStatus.BAD_REQUEST, "incomplete", "The body ended early")
