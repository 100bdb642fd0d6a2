"""The database: connections, transactions and schema upgrades."""

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
    """A database by its SQLAlchemy URL. It connects on first use."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._engine: Engine | None = None

    @property
    def engine(self) -> Engine:
        """The SQLAlchemy engine, created on first use."""
        if self._engine is None:
            self._engine = _connect(self.url)
        return self._engine

    @property
    def exists(self) -> bool:
        """Whether the database exists. Connecting to SQLite would create an empty file."""
        url = make_url(self.url)
        return url.get_backend_name() != "sqlite" or Path(url.database or "").exists()

    def reading(self) -> AbstractContextManager[Session]:
        """A transaction for reading; objects loaded in it remain usable afterwards."""
        return self._transaction(self.engine)

    def writing(self) -> AbstractContextManager[Session]:
        """A transaction for writing, committed at the end of the block, rolled back on an error."""
        return self._transaction(self.engine.execution_options(**_WRITES))

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """A transaction that sees a consistent snapshot of the whole database."""
        engine = self.engine
        if engine.dialect.name != "sqlite":  # SQLite's transactions are snapshots by default
            engine = engine.execution_options(isolation_level="REPEATABLE READ")
        with engine.begin() as connection:
            yield connection

    @contextmanager
    def _transaction(self, engine: Engine) -> Iterator[Session]:
        with Session(engine, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def migrating(self) -> Iterator[Connection]:
        """A transaction for schema changes; concurrent ones wait for each other."""
        url = make_url(self.url)
        if url.get_backend_name() == "sqlite" and url.database:
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        with self.engine.execution_options(**_WRITES).begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(select(func.pg_advisory_xact_lock(_UPGRADE_LOCK)))
            yield connection

    def upgrade(self) -> None:
        """Upgrade the schema to the newest revision; safe to call again and concurrently."""
        from webapp.storage.migrations import migrate  # Alembic's 30 MB are not for every worker

        with self.migrating() as connection:
            migrate(connection)


def _connect(url: str) -> Engine:
    if make_url(url).get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True)
    engine = create_engine(url, connect_args={"timeout": _BUSY_SECONDS})

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        _enable_wal(connection)
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.isolation_level = None  # BEGIN is emitted below, and so covers DDL too

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A transaction that began by reading cannot upgrade to writing once another has written.
        writes = connection.get_execution_options().get("writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _enable_wal(connection: Any) -> None:
    """Switch SQLite to write-ahead logging, so that readers and a writer do not block each other.

    With `synchronous = NORMAL` a power failure may lose the last transactions but cannot corrupt
    the file. The mode is stored in the file. SQLite's busy timeout does not apply while two
    processes create the same file, hence the loop.
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
