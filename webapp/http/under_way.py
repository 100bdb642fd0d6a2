"""A limit of the requests that a process has under way, from their headers to their last byte.

Whatever they wait for (their bodies, a thread, a client that reads slowly), each takes memory, and
a body a temporary file. Those beyond the limit are refused before any of that, and so are those of
a client beyond its share, so that one cannot take all places.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator
from functools import partial
from threading import Lock
from typing import Any

from flask import Flask, request

from webapp.http.client import network_of
from webapp.http.throttle import too_many_requests
from webapp.threads import Overloaded, act_for

_COUNT, _COUNT_OF_CLIENT = "inkling.under_way", "inkling.under_way_of_client"
_SHARE = 0.2  # of the limit, for each client's network
_AGAIN = 1.0  # seconds


def init_app(app: Flask, limit: int, exempt: Container[str], *, shared: bool) -> None:
    """Refuse a request with 503 and `Retry-After` while `limit` others are under way.

    If it is `shared` between clients, also with 429 while a fifth of that many of the same client
    are, and a client has its share of the threads. `exempt` are the names of endpoints that answer
    even then; they count as well.
    """
    share = max(1, round(_SHARE * limit)) if shared else limit
    app.wsgi_app = _Counted(app.wsgi_app, shared)  # type: ignore[method-assign]

    @app.before_request
    def refuse() -> None:
        if request.endpoint in exempt:
            return
        if request.environ.get(_COUNT, 0) > limit:
            raise Overloaded(f"{limit} requests are under way already")
        if request.environ.get(_COUNT_OF_CLIENT, 0) > share:
            raise too_many_requests(_AGAIN)


class _Counted:
    """A WSGI application that tells each request how many are under way, this one included."""

    def __init__(self, app: Any, shared: bool) -> None:
        self._app = app
        self._shared = shared
        self._lock = Lock()
        self._count = 0
        self._of_client: Counter[str] = Counter()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        client = network_of(environ.get("REMOTE_ADDR", ""))
        if self._shared:
            act_for(client)
        with self._lock:
            self._count += 1
            self._of_client[client] += 1
            environ[_COUNT], environ[_COUNT_OF_CLIENT] = self._count, self._of_client[client]
        end = partial(self._end, client)
        try:
            body = self._app(environ, start_response)
        except BaseException:
            end()
            raise
        return _Body(body, end)

    def _end(self, client: str) -> None:
        with self._lock:
            self._count -= 1
            self._of_client[client] -= 1
            if not self._of_client[client]:
                del self._of_client[client]


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
