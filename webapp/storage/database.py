"""The database: connections, transactions and schema upgrades."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    create_engine,
    event,
    func,
    select,
    text,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoConnection
from sqlalchemy.orm import Session

from webapp.storage.integrity import damage_of, points_to_damage, points_to_full_disk
from webapp.storage.visibility import VisibleSession

_UPGRADE_LOCK = 0x1A41
_WRITES: dict[str, Any] = {"writes": True}
_PING_PATIENCE = 0.5  # seconds
_OURS = (DataError, IntegrityError, ProgrammingError)  # errors of the statement, not the database


class DatabaseUnavailable(SQLAlchemyError):
    """The database is locked, full, damaged, away or too slow; it may be available later.

    `orig` is the driver's error, if there was one.
    """

    def __init__(self, message: str, orig: BaseException | None = None) -> None:
        super().__init__(message)
        self.orig = orig


class Database:
    """A database by its SQLAlchemy URL. It connects on first use.

    `patience` is the number of seconds to wait for a lock, a connection or the answer to a
    statement. Every block below raises `DatabaseUnavailable` if that is not enough.
    """

    def __init__(self, url: str, patience: float = 30) -> None:
        self.url = url
        self._parsed = make_url(url)
        self._patience = patience
        self._engine: Engine | None = None
        self._connecting = Lock()
        self._inode: int | None = None  # of SQLite's file, once it was seen
        self._is_suspect = True  # of damage: until it was looked at, and after any sign of it

    @property
    def engine(self) -> Engine:
        """The SQLAlchemy engine, created on first use."""
        if self._engine is None:
            with self._connecting:
                if self._engine is None:
                    self._engine = _connect(self.url, self._patience)
        return self._engine

    @property
    def is_local(self) -> bool:
        """Whether it is a file of this host, rather than a server that hosts share."""
        return self._parsed.get_backend_name() == "sqlite"

    @property
    def exists(self) -> bool:
        """Whether the database exists, or has existed. Connecting to SQLite would create a file."""
        return not self.is_local or self._inode is not None or self._file.exists()

    @property
    def _file(self) -> Path:
        return Path(self._parsed.database or "")

    def reading(self) -> AbstractContextManager[Session]:
        """A transaction for reading; objects loaded in it remain usable afterwards."""
        return self._transaction(self.engine)

    def writing(self) -> AbstractContextManager[Session]:
        """A transaction for writing, committed at the end of the block, rolled back on an error."""
        return self._transaction(self.engine.execution_options(**_WRITES))

    def check(self) -> None:
        """Raise `DatabaseUnavailable` unless it can be read and written now.

        A file is read as a whole where something pointed to damage: at most `patience` seconds.
        """
        if not self.exists:
            return
        with self.writing() as session:
            session.execute(text("SELECT 1 FROM alembic_version"))
        if self.is_local and self._is_suspect:
            if damage := damage_of(str(self._file), self._patience):
                raise DatabaseUnavailable(damage)
            self._is_suspect = False

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """A transaction that sees a consistent snapshot of the whole database."""
        engine = self.engine
        if engine.dialect.name != "sqlite":  # SQLite's transactions are snapshots by default
            engine = engine.execution_options(isolation_level="REPEATABLE READ")
        with self._unavailability(), engine.begin() as connection:
            yield connection

    @contextmanager
    def _transaction(self, engine: Engine) -> Iterator[Session]:
        with (
            self._unavailability(),
            VisibleSession(engine, expire_on_commit=False) as session,
            session.begin(),
        ):
            yield session

    def _look_for_file(self) -> None:
        """Raise `DatabaseUnavailable` if SQLite's file is gone; connect anew if it was replaced.

        Open connections would go on writing to what nobody can open any more.
        """
        if not self.is_local:
            return
        try:
            inode = self._file.stat().st_ino
        except OSError:
            if self._inode is None:
                return  # it was never there: whoever connects makes it
            raise DatabaseUnavailable(f"the file {self._file} is gone") from None
        if self._inode not in {None, inode}:
            self.engine.dispose()
        self._inode = inode

    def _create_file(self) -> None:
        """Create SQLite's file, unless it is there, for its user alone, as SQLite would not.

        SQLite gives the files beside it the same mode, and says what prevents it.
        """
        with suppress(OSError):
            os.close(os.open(self._file, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))

    @contextmanager
    def _unavailability(self) -> Iterator[None]:
        self._look_for_file()
        try:
            yield
        except _OURS:
            raise
        except (DBAPIError, NoConnection) as error:
            orig = getattr(error, "orig", None)
            self._is_suspect |= points_to_damage(orig)
            raise DatabaseUnavailable(str(orig or error), orig) from error

    @contextmanager
    def migrating(self) -> Iterator[Connection]:
        """A transaction for schema changes; concurrent ones wait for each other."""
        if self.is_local and self._parsed.database:
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._create_file()
        with (
            self._unavailability(),
            self.engine.execution_options(**_WRITES).begin() as connection,
        ):
            if connection.dialect.name == "postgresql":
                with _unlimited(connection):
                    connection.execute(select(func.pg_advisory_xact_lock(_UPGRADE_LOCK)))
                    yield connection
            else:
                yield connection

    def upgrade(self) -> None:
        """Upgrade the schema to the newest revision; safe to call again and concurrently.

        One that a newer release made is left as it is: raises `SchemaTooNew` if it does not fit.
        """
        from webapp.storage.migrations import migrate  # Alembic's 30 MB are not for every worker

        with self.migrating() as connection:
            migrate(connection)


def _connect(url: str, patience: float) -> Engine:
    if make_url(url).get_backend_name() != "sqlite":
        return _connect_to_server(url, patience)
    engine = create_engine(url, connect_args={"timeout": patience}, **_pool(patience))

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        _enable_wal(connection, patience)
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.isolation_level = None  # BEGIN is emitted below, and so covers DDL too

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A transaction that began by reading cannot upgrade to writing once another has written.
        writes = connection.get_execution_options().get("writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


@contextmanager
def _unlimited(connection: Connection) -> Iterator[None]:
    """Let the statements of this transaction take as long as they need."""
    connection.exec_driver_sql("SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0")
    driver: Any = connection.connection.driver_connection
    patience, driver.patience = driver.patience, None
    try:
        yield
    finally:
        driver.patience = patience


def _pool(patience: float) -> dict[str, Any]:
    """Enough connections for all threads of a serving process."""
    return {"pool_timeout": patience, "max_overflow": 20}


def _connect_to_server(url: str, patience: float) -> Engine:
    milliseconds = round(patience * 1000)
    limits = {
        "connect_timeout": str(round(patience)),
        "options": f"-c lock_timeout={milliseconds} -c statement_timeout={milliseconds}",
    }
    for name in make_url(url).query:  # the URL takes precedence
        limits.pop(name, None)
    engine = create_engine(url, pool_pre_ping=True, connect_args=limits, **_pool(patience))

    @event.listens_for(engine, "do_connect")
    def connect(_dialect: object, _record: object, args: Any, options: dict[str, Any]) -> Any:
        from webapp.storage.postgres import PatientConnection  # the driver is an extra

        connection = PatientConnection.connect(*args, **options)
        connection.patience = patience
        connection.require_encoding()
        return connection

    ping = engine.dialect.do_ping

    def ping_shortly(connection: Any) -> bool:
        """Leave time to connect anew, where a connection that has waited in the pool is dead."""
        connection.patience = min(patience, _PING_PATIENCE)
        try:
            return ping(connection)
        finally:
            connection.patience = patience

    engine.dialect.do_ping = ping_shortly  # type: ignore[assignment, method-assign]
    return engine


def _enable_wal(connection: Any, patience: float) -> None:
    """Switch SQLite to write-ahead logging, so that readers and a writer do not block each other.

    With `synchronous = NORMAL` a power failure may lose the last transactions but cannot corrupt
    the file. The mode is stored in the file. SQLite's busy timeout does not apply while two
    processes create the same file, hence the loop.
    """
    until = time.monotonic() + patience
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if time.monotonic() > until or points_to_full_disk(error):
                raise
            time.sleep(0.02)
        else:
            return
