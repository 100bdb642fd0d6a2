"""The database: its tables, its connections, and how it comes to its newest shape."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import (
    JSON,
    Connection,
    Engine,
    ForeignKey,
    LargeBinary,
    String,
    Text,
    create_engine,
    event,
    func,
    select,
)
from sqlalchemy.engine import make_url
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlalchemy.types import DateTime, TypeDecorator

_UPGRADE_LOCK = 0x1A41
_WRITES: dict[str, Any] = {"writes": True}
_BUSY_SECONDS = 10  # how long SQLite waits for another process's write


class Moment(TypeDecorator[datetime]):
    """A time in UTC; SQLite forgets the zone, so it is put back."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: object) -> datetime | None:
        return value and value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, _dialect: object) -> datetime | None:
        return value and (value if value.tzinfo else value.replace(tzinfo=UTC))


def now() -> datetime:
    return datetime.now(UTC)


class Table(DeclarativeBase):
    """What every table is made from."""


class Drawing(Table):
    """A drawing that somebody said the truth about, and what was answered to it."""

    __tablename__ = "drawings"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    created: Mapped[datetime] = mapped_column(Moment, index=True)
    visitor: Mapped[str] = mapped_column(String(32), index=True)
    """A random number of the browser's session: nothing else is known of the person."""
    picture: Mapped[bytes] = mapped_column(LargeBinary)
    """A PNG that we encoded ourselves."""
    seen: Mapped[bytes] = mapped_column(LargeBinary)
    """The 28×28 that the model saw, as PNG."""
    fingerprint: Mapped[str] = mapped_column(String(64), unique=True)
    """SHA-256 of the pixels that the model saw: the same drawing is kept once."""
    strokes: Mapped[list[Any] | None] = mapped_column(JSON)
    label: Mapped[str] = mapped_column(String(12))
    """The truth, as the person told it, or as the review set it right: 0 to 9, or not_a_digit."""
    told: Mapped[str] = mapped_column(String(12))
    """The truth as the person told it."""
    state: Mapped[str] = mapped_column(String(8), default="new", index=True)
    """new, accepted or rejected; only what is accepted is learned from."""
    reviewed: Mapped[datetime | None] = mapped_column(Moment)
    held_back: Mapped[bool]
    """Never learned from: it judges new models. So for all drawings of a visitor, or for none."""
    digit: Mapped[int]
    confidence: Mapped[float]
    is_digit: Mapped[bool]
    probabilities: Mapped[list[float]] = mapped_column(JSON)
    model: Mapped[str] = mapped_column(String(100))
    version: Mapped[str] = mapped_column(String(64))


class Activation(Table):
    """That a version of the default model began to answer; the newest one's does."""

    __tablename__ = "activations"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(Moment)
    version: Mapped[str] = mapped_column(String(64))
    before: Mapped[int | None] = mapped_column(ForeignKey("activations.id"))
    """The one it took over from, to which a rollback leads; None for the shipped model."""


class AuditEntry(Table):
    """What somebody did who runs the site, or tried to."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(Moment, index=True)
    who: Mapped[str] = mapped_column(String(100))
    """The address, or `token`, or `command line`."""
    what: Mapped[str] = mapped_column(String(40))
    details: Mapped[dict[str, Any]] = mapped_column(JSON)


class Run(Table):
    """A retraining that somebody asked for, from the click to the verdict."""

    __tablename__ = "runs"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    created: Mapped[datetime] = mapped_column(Moment, index=True)
    who: Mapped[str] = mapped_column(String(100))
    wishes: Mapped[dict[str, Any]] = mapped_column(JSON)
    """What was asked for, as `webapp.retraining.wishes.Wishes`."""
    state: Mapped[str] = mapped_column(String(10), index=True)
    """queued, running, done, failed, cancelled or lost."""
    slot: Mapped[int | None] = mapped_column(unique=True)
    """1 while it runs, so that only one can."""
    worker: Mapped[str] = mapped_column(String(32), default="")
    """Names the claim of the worker that runs it: whoever lost the run may not write to it."""
    started: Mapped[datetime | None] = mapped_column(Moment)
    ended: Mapped[datetime | None] = mapped_column(Moment)
    heartbeat: Mapped[datetime | None] = mapped_column(Moment)
    """When its worker last gave a sign of life."""
    cancelling: Mapped[bool] = mapped_column(default=False)
    """Whether somebody asked for its end."""
    progress: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """How far it has come, as `webapp.retraining.progress.Progress`."""
    log: Mapped[str] = mapped_column(Text, default="")
    """What the trainer printed, without its figures; its end, where there is too much."""
    error: Mapped[str] = mapped_column(Text, default="")
    """One line that says why it failed."""
    version: Mapped[str | None] = mapped_column(String(64))
    """That it made."""
    verdict: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    """How that compares with the one that answered, as `webapp.retraining.gate.Verdict`."""


class Counter(Table):
    """How often a client did something in a span of time. The client is a keyed hash."""

    __tablename__ = "counters"

    what: Mapped[str] = mapped_column(String(20), primary_key=True)
    client: Mapped[str] = mapped_column(String(64), primary_key=True)
    begins: Mapped[datetime] = mapped_column(Moment, primary_key=True)
    count: Mapped[int] = mapped_column(default=0)


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
        from webapp.migrations import migrate  # no worker needs Alembic's 30 MB

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
