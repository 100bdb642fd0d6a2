"""The log: one event a line on standard error, as text for people or JSON for machines.

Nothing that a client sends can forge a line: control characters are escaped, and the lines of a
traceback are indented.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Callable
from contextlib import suppress
from contextvars import ContextVar
from functools import lru_cache
from typing import Any, Literal

Kind = Literal["text", "json"]

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""The id of the request in which a line is logged; set by `http.request_id`."""

IN_ENVIRONMENT = "inkling.request_id"
"""Key of the same id in the WSGI environment, for the server's line."""

_STDERR = 2


def one_line(error: BaseException) -> str:
    """The message of an error in one line; those of databases take several."""
    return " ".join(str(error).split())


def configure(kind: Kind) -> None:
    """Log everything that this process has to say, in one format."""
    from logging.config import dictConfig  # a dozen modules, which gunicorn has already

    dictConfig(configuration(kind))


def configuration(kind: Kind) -> dict[str, Any]:
    """For `logging.config.dictConfig`: our INFO, and the warnings of libraries."""
    formatter = JsonFormatter if kind == "json" else TextFormatter
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": formatter}},
        "handlers": {"stderr": {"()": StderrHandler, "formatter": "line"}},
        "root": {"level": "WARNING", "handlers": ["stderr"]},
        "loggers": {
            name: {"level": "INFO", "handlers": [], "propagate": True}
            for name in ("webapp", "gunicorn.error", "gunicorn.access")
        },
    }


def fields(**values: object) -> dict[str, object]:
    """The argument `extra` of a logging call: what the line of JSON has beside the message."""
    return {"fields": {name: value for name, value in values.items() if value is not None}}


class StderrHandler(logging.Handler):
    """Writes each line with one system call, without a lock.

    A lock would be held by a thread while the greenlets of all other requests wait for it.
    """

    def handle(self, record: logging.LogRecord) -> bool:
        """Emit the record, unless a filter rejects it."""
        kept = bool(self.filter(record))
        if kept:
            self.emit(record)
        return kept

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record. An error, as of a full disk, reaches nobody who logs.

        Nor is it printed, as logging would: that goes to the same place.
        """
        with suppress(Exception):
            left = (self.format(record) + "\n").encode(errors="backslashreplace")
            while left:
                left = left[os.write(_STDERR, left) :]


class TextFormatter(logging.Formatter):
    """`TIME [PID] LEVEL LOGGER: MESSAGE request=ID`, and the indented traceback, if any."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record."""
        line = (
            f"{_time(record)} [{record.process}] {record.levelname} {record.name}: "
            f"{escaped(record.getMessage())}"
        )
        if identity := _request(record):
            line += f" request={identity}"
        for below in _traceback(self.formatException, record).splitlines():
            line += f"\n    {escaped(below)}"
        return line


class JsonFormatter(logging.Formatter):
    """An object with time, level, logger, pid, message, request_id, exception and `fields`."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record."""
        entry: dict[str, object] = {
            "time": _time(record),
            "level": record.levelname,
            "logger": record.name,
            "pid": record.process,
            "message": record.getMessage(),
        }
        if identity := _request(record):
            entry["request_id"] = identity
        if traceback := _traceback(self.formatException, record):
            entry["exception"] = traceback
        return json.dumps(getattr(record, "fields", {}) | entry, default=str)


def escaped(text: str) -> str:
    """A text on one line, in which whatever can't be printed is escaped as in Python."""
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )


def _time(record: logging.LogRecord) -> str:
    """ISO 8601 in UTC, to the millisecond."""
    return f"{_to_the_second(int(record.created))}.{int(record.msecs):03d}Z"


@lru_cache(maxsize=1)
def _to_the_second(moment: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment))


def _request(record: logging.LogRecord) -> str:
    identity: str = getattr(record, "request_id", "") or request_id.get()
    return identity


def _traceback(render: Callable[[Any], str], record: logging.LogRecord) -> str:
    if record.exc_info:
        return render(record.exc_info)
    return record.exc_text or record.stack_info or ""
