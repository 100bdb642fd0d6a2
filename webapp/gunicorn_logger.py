"""gunicorn's logger: one line for each request, in the format of all others."""

from __future__ import annotations

import logging
from datetime import timedelta
from logging import INFO
from typing import Any
from urllib.parse import quote

from gunicorn.glogging import Logger as GunicornLogger

from webapp.logs import IN_ENVIRONMENT, fields

_PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
"""Asked every few seconds by machines; they are logged when they fail."""

_LONGEST_PATH = 200
_INVALID = "Invalid request from ip="

_access = logging.getLogger("webapp.access")


class Logger(GunicornLogger):  # type: ignore[misc]
    """Logs method, path, status, size, duration and client: no query, header or body.

    gunicorn's own line is made of a dictionary of all headers, which takes longer.
    """

    def access(self, resp: Any, req: Any, environ: dict[str, Any], request_time: timedelta) -> None:
        """Log a request that was answered, or that could not be read."""
        del req
        status = int(str(resp.status or "500").split(None, 1)[0])
        path = environ.get("PATH_INFO") or str(environ.get("RAW_URI", "")).partition("?")[0]
        if path in _PROBES and status < 400:
            return
        method = environ.get("REQUEST_METHOD") or "-"
        path = _readable(path[:_LONGEST_PATH])
        sent = resp.sent or 0
        milliseconds = round(request_time.total_seconds() * 1000, 1)
        client = environ.get("REMOTE_ADDR") or "-"
        values = (method, path, status, sent, milliseconds, quote(client, safe=":.-"))
        line = "%s %s %s %s bytes %s ms client=%s"
        extra = fields(
            method=method, path=path, status=status, bytes=sent, ms=milliseconds, client=client
        )
        extra["request_id"] = environ.get(IN_ENVIRONMENT, "")
        # What `_access.info` does, without looking through the stack for who called it.
        record = _access.makeRecord(_access.name, INFO, "", 0, line, values, None, None, extra)
        _access.handle(record)

    def warning(self, msg: str, *args: Any, **kwargs: Any) -> None:
        """Log a warning, but not the malformed line of a client: it may hold a password."""
        if msg.startswith(_INVALID):
            msg = ": ".join(msg.split(": ")[:2])
        super().warning(msg, *args, **kwargs)

    def exception(self, msg: str, *args: Any, **kwargs: Any) -> None:
        """Log an exception; of the address that was asked for, without the query."""
        paths = (arg.partition("?")[0] if isinstance(arg, str) else arg for arg in args)
        super().exception(msg, *paths, **kwargs)


def _readable(path: str) -> str:
    """A path as it was sent, quoted where it is more than plain characters."""
    if path.isascii() and path.isprintable() and " " not in path:
        return path
    return quote(path, safe="/:;,@&=+$!*'()~", encoding="latin-1", errors="replace")
