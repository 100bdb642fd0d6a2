"""How the site wakes its workers: huey, in SQLite's file, in PostgreSQL or in Redis.

A message says no more than that there is work; what work, the table of runs tells. So none is lost
with a message, and none is done twice.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from huey import Huey, PostgresHuey, RedisHuey, SqliteHuey

_NAME = "inkling"


class Queue:
    """The messages between site and workers."""

    def __init__(self, url: str, home: Path, work: Callable[[], Any] | None = None) -> None:
        self.huey = _connect(url, home)

        def retrain() -> None:
            if work is not None:
                work()

        self._retrain = self.huey.task()(retrain)

    def wake(self) -> None:
        """Let a worker look whether there is work."""
        self._retrain()


def _connect(url: str, home: Path) -> Huey:
    if re.match(r"rediss?://", url):
        return RedisHuey(_NAME, url=url)
    if url:
        dsn = re.sub(r"^postgresql\+psycopg://|^postgres://", "postgresql://", url)
        return PostgresHuey(_NAME, dsn=dsn)
    home.mkdir(parents=True, exist_ok=True)
    return SqliteHuey(_NAME, filename=str(home / "queue.db"))
