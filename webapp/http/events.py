"""Server-sent events: something each time it changes, until it has ended."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TypeVar

import msgspec
from flask import Response, stream_with_context

from webapp.threads import Lane, Overloaded, in_thread

T = TypeVar("T", bound=msgspec.Struct)

_LOOK_EVERY = 0.5
_KEEPALIVE_EVERY = 10.0
"""Intervals in seconds. Proxies close silent connections."""


def event_stream(
    name: str, first: T, look_again: Callable[[], T | None], is_last: Callable[[T], bool]
) -> Response:
    """Events of this name: `first`, and then whatever differs from the one before.

    `look_again` is called twice a second, in the database lane, if a thread of it is free. None
    ends the stream, and so does one that `is_last`, after it was sent.
    """
    events = _events(name, first, look_again, is_last)
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    return Response(stream_with_context(events), mimetype="text/event-stream", headers=headers)


def _events(
    name: str, view: T, look_again: Callable[[], T | None], is_last: Callable[[T], bool]
) -> Iterator[bytes]:
    sent, quiet_since = b"", time.monotonic()
    yield b"retry: 1000\n\n"
    while True:
        body = msgspec.json.encode(view)
        if body != sent:
            yield b"event: " + name.encode() + b"\ndata: " + body + b"\n\n"
            sent, quiet_since = body, time.monotonic()
        elif time.monotonic() - quiet_since > _KEEPALIVE_EVERY:
            yield b": keep-alive\n\n"
            quiet_since = time.monotonic()
        if is_last(view):
            return
        time.sleep(_LOOK_EVERY)
        try:
            newer = in_thread(Lane.DATABASE, look_again)
        except Overloaded:  # the next look may find a thread; the client would only ask again
            continue
        if newer is None:
            return
        view = newer
