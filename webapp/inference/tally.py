"""Counts in memory, which a thread now and then adds to the database."""

from __future__ import annotations

import logging
import threading
from collections import Counter, deque
from collections.abc import Callable, Hashable, Mapping
from typing import Generic, TypeVar

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from webapp.logs import one_line
from webapp.storage.database import Database

log = logging.getLogger(__name__)

K = TypeVar("K", bound=Hashable)

FLUSH_SECONDS = 10.0
"""How often counts are added: what a process that is killed loses at most."""
END_WAITS_FOR = 5.0
"""Seconds that a process that ends waits for a thread that is just adding counts: longer than that
one waits for the database."""

_MOST_WAITING = 100_000
"""Of what was counted since the last flush; beyond this many the oldest are lost. 10 MB, and no
process answers as often in 10 seconds."""
_MOST_KINDS = 5_000
"""That are counted while the database is away; there are some dozens a day."""


class Tally(Generic[K]):
    """Counts how often something of each kind occurs; `name` says of what, for the log.

    `write` adds counts to the database, within a transaction; it is called by one thread at a time.
    Counting takes a microsecond and waits for nothing.
    """

    def __init__(
        self, name: str, database: Database, write: Callable[[Session, Mapping[K, int]], None]
    ) -> None:
        self._name = name
        self._database = database
        self._write = write
        self._new: deque[K] = deque(maxlen=_MOST_WAITING)
        self._counts: Counter[K] = Counter()
        self._flushing = threading.Lock()
        self._is_stuck = False

    def count(self, kind: K) -> None:
        """Count one of this kind, from any thread."""
        self._new.append(kind)

    def flush(self, patience: float = 0) -> None:
        """Add what was counted to the database; keep it, if that is not available.

        While one thread does so, others go on, or wait for it so many seconds and do so then.
        """
        if self._flushing.acquire(timeout=patience):
            try:
                self._gather()
                if self._counts and self._database.exists:
                    self._add()
            finally:
                self._flushing.release()

    def _gather(self) -> None:
        for _ in range(len(self._new)):
            kind = self._new.popleft()
            if len(self._counts) < _MOST_KINDS or kind in self._counts:
                self._counts[kind] += 1

    def _add(self) -> None:
        try:
            with self._database.writing() as session:
                self._write(session, self._counts)
        except SQLAlchemyError as error:
            if not self._is_stuck:
                log.warning(
                    "counts of %s are kept in memory for now: %s", self._name, one_line(error)
                )
            self._is_stuck = True
            return
        self._counts.clear()
        self._is_stuck = False
