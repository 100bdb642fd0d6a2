"""A PostgreSQL connection that does not wait for a silent server for ever."""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Any

import psycopg

NO_ENCODING = "SQL_ASCII"
"""What PostgreSQL calls a database that knows bytes, but no characters."""


class PatientConnection(psycopg.Connection[Any]):
    """Fails a statement whose answer has not come within `patience` seconds, and is then closed.

    PostgreSQL's own time-outs hold only while its server works: not where it, its host or the
    network has stopped without a word.
    """

    patience: float | None = None

    def require_encoding(self) -> None:
        """Close it and raise `psycopg.OperationalError` if its texts would be bytes."""
        if self.info.parameter_status("server_encoding") == NO_ENCODING:
            self.close()
            raise psycopg.OperationalError(
                f"its encoding is {NO_ENCODING}: create it anew, by createdb --encoding UTF8 "
                "--template template0"
            )

    def wait(self, gen: Generator[Any, Any, Any], *args: Any, **kwargs: Any) -> Any:
        """Run a step of the protocol. Raises `psycopg.OperationalError` when it takes too long."""
        try:
            return super().wait(self._within_patience(gen), *args, **kwargs)
        except TimeoutError as error:
            self.close()
            raise psycopg.OperationalError(str(error)) from None

    def _within_patience(self, steps: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
        """The same generator, which psycopg resumes at least ten times a second."""
        began = time.monotonic()
        ready: Any = None
        while True:
            try:
                wanted = steps.send(ready)
            except StopIteration as end:
                return end.value
            ready = yield wanted
            if self.patience is not None and time.monotonic() - began > self.patience:
                raise TimeoutError(f"no answer within {self.patience:g} s")
