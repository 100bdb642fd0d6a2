"""How the site wakes its workers: huey, in SQLite's file, in PostgreSQL or in Redis.

A message says no more than that there is work; what work, the table of runs tells. So none is lost
with a message, and none is done twice.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

from huey import Huey, PostgresHuey, RedisHuey, SqliteHuey
from huey.consumer import Consumer

_NAME = "inkling"


class Queue:
    """The messages between site and workers. It connects when it is first used."""

    def __init__(self, url: str, home: Path, work: Callable[[], Any] | None = None) -> None:
        self._url = url
        self._home = home
        self._work = work

    @cached_property
    def huey(self) -> Huey:
        return _connect(self._url, self._home)

    @cached_property
    def _retrain(self) -> Callable[[], Any]:
        def retrain() -> None:
            if self._work is not None:
                self._work()

        return self.huey.task()(retrain)

    def wake(self) -> None:
        """Let a worker look whether there is work."""
        self._retrain()

    def consumer(self, ask_every: float) -> Consumer:
        """What works off the messages, one at a time, asking for them every so many seconds."""
        self._retrain  # noqa: B018 - so that messages of this kind are known
        return self.huey.create_consumer(
            workers=1, worker_type="thread", periodic=False, max_delay=ask_every
        )


def _connect(url: str, home: Path) -> Huey:
    if re.match(r"rediss?://", url):
        return RedisHuey(_NAME, url=url)
    if url:
        dsn = re.sub(r"^postgresql\+psycopg://|^postgres://", "postgresql://", url)
        return PostgresHuey(_NAME, dsn=dsn)
    home.mkdir(parents=True, exist_ok=True)
    return SqliteHuey(_NAME, filename=str(home / "queue.db"))
