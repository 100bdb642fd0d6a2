"""A limit of the requests that a process has under way, from their headers to their last byte.

Whatever they wait for (their bodies, a thread, a client that reads slowly), each takes memory, and
a body a temporary file. Those beyond the limit are refused before any of that.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator
from threading import Lock
from typing import Any

from flask import Flask, request

from webapp.threads import Overloaded

_COUNT = "inkling.under_way"


def init_app(app: Flask, limit: int, exempt: Container[str]) -> None:
    """Refuse a request with 503 and `Retry-After` while `limit` others are under way.

    `exempt` are the names of endpoints that answer even then; they count as well.
    """
    app.wsgi_app = _Counted(app.wsgi_app)  # type: ignore[method-assign]

    @app.before_request
    def refuse() -> None:
        if request.environ.get(_COUNT, 0) > limit and request.endpoint not in exempt:
            raise Overloaded(f"{limit} requests are under way already")


class _Counted:
    """A WSGI application that tells each request how many are under way, this one included."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._lock = Lock()
        self._count = 0

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        with self._lock:
            self._count += 1
            environ[_COUNT] = self._count
        try:
            body = self._app(environ, start_response)
        except BaseException:
            self._end()
            raise
        return _Body(body, self._end)

    def _end(self) -> None:
        with self._lock:
            self._count -= 1


class _Body:
    """A body whose end is told once: when all of it is read, or when it is closed before."""

    def __init__(self, body: Iterable[bytes], end: Callable[[], None]) -> None:
        self._body = body
        self._parts = iter(body)
        self._ends = [end]

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            return next(self._parts)
        except StopIteration:
            self._tell()
            raise

    def close(self) -> None:
        """Close the body itself too, as WSGI servers do once."""
        try:
            if close := getattr(self._body, "close", None):
                close()
        finally:
            self._tell()

    def _tell(self) -> None:
        while self._ends:
            self._ends.pop()()
