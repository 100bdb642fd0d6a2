"""The database: its connections and transactions, and how it comes to its newest shape."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    create_engine,
    event,
    func,
    select,
)
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

_UPGRADE_LOCK = 0x1A41
_WRITES: dict[str, Any] = {"writes": True}
_BUSY_SECONDS = 10  # how long SQLite waits for another process's write


class Database:
    """Connections to a database by its URL. It connects when it is first asked."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._engine: Engine | None = None

    @property
    def engine(self) -> Engine:
        if self._engine is None:
            self._engine = _connect(self.url)
        return self._engine

    @property
    def is_there(self) -> bool:
        """Whether there is one: SQLite would make an empty one where it is only asked."""
        url = make_url(self.url)
        return url.get_backend_name() != "sqlite" or Path(url.database or "").exists()

    def reading(self) -> AbstractContextManager[Session]:
        """One transaction that only reads; what it gave can be used after it."""
        return self._transaction(self.engine)

    def writing(self) -> AbstractContextManager[Session]:
        """One transaction that may write: kept at the end of the block, or undone if that fails."""
        return self._transaction(self.engine.execution_options(**_WRITES))

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """One transaction that sees a single moment of the whole database."""
        engine = self.engine
        if engine.dialect.name != "sqlite":  # which does so anyhow
            engine = engine.execution_options(isolation_level="REPEATABLE READ")
        with engine.begin() as connection:
            yield connection

    @contextmanager
    def _transaction(self, engine: Engine) -> Iterator[Session]:
        with Session(engine, expire_on_commit=False) as session, session.begin():
            yield session

    def upgrade(self) -> None:
        """Bring the tables to their newest shape; nothing happens where they have it.

        Processes that do so at the same time wait for each other.
        """
        from webapp.storage.migrations import migrate  # no worker needs Alembic's 30 MB

        url = make_url(self.url)
        if url.get_backend_name() == "sqlite" and url.database:
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        with self.engine.execution_options(**_WRITES).begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(select(func.pg_advisory_xact_lock(_UPGRADE_LOCK)))
            migrate(connection)


def _connect(url: str) -> Engine:
    if make_url(url).get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True)
    engine = create_engine(url, connect_args={"timeout": _BUSY_SECONDS})

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        _write_ahead(connection)
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.isolation_level = None  # so that BEGIN is ours, and covers DDL too

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A transaction that began as a reader may not become a writer once another has written.
        writes = connection.get_execution_options().get("writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _write_ahead(connection: Any) -> None:
    """Let readers and a writer not wait for each other.

    With `synchronous` at NORMAL a crash of the machine may lose the last moments, never the file.
    The file remembers it. While two processes make a file new, SQLite does not wait for the other
    here, as it does elsewhere; so we do.
    """
    until = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.02)
        else:
            return
