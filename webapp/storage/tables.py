"""The tables of the database."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Enum,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    false,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import DateTime, TypeDecorator

from webapp.storage.labeled import Labeled


class UTCDateTime(TypeDecorator[datetime]):
    """A time in UTC. SQLite drops the time zone, so it is added again on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: object) -> datetime | None:
        return value and value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, _dialect: object) -> datetime | None:
        return value and (value if value.tzinfo else value.replace(tzinfo=UTC))


def status_type(statuses: type[StrEnum]) -> Enum:
    """The type of a column of statuses: a VARCHAR, so that a new status needs no migration."""
    return Enum(
        statuses,
        native_enum=False,
        length=10,
        values_callable=lambda members: [str(each) for each in members],
    )


def now() -> datetime:
    """The current time, in UTC."""
    return datetime.now(UTC)


class RunStatus(StrEnum):
    """The status of a retraining run."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    LOST = "lost"
    """Its worker stopped sending heartbeats."""


class ImportStatus(StrEnum):
    """The status of an import of drawings."""

    WAITING = "waiting"
    """Another import is running."""
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    LOST = "lost"
    """Its process stopped sending heartbeats."""


class Base(DeclarativeBase):
    """The declarative base of all tables."""


class Drawing(Labeled, Base):
    """A drawing that somebody labeled, and the model's prediction for it."""

    __tablename__ = "drawings"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    created: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    visitor: Mapped[str] = mapped_column(String(32), index=True)
    """A random number from the browser's session; nothing else is known about the person."""
    picture: Mapped[bytes] = mapped_column(LargeBinary)
    """A PNG file that this app encoded itself."""
    seen: Mapped[bytes] = mapped_column(LargeBinary)
    """The model's input, 28×28, as a PNG file."""
    fingerprint: Mapped[str] = mapped_column(String(64), unique=True)
    """SHA-256 of the model's input; the same drawing is stored once."""
    strokes: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))
    state: Mapped[str] = mapped_column(String(8), default="new", index=True)
    """new, accepted or rejected; only accepted drawings are used for training or evaluation."""
    reviewed: Mapped[datetime | None] = mapped_column(UTCDateTime)
    held_back: Mapped[bool]
    """Held out for evaluation, decided by `webapp.storage.sides` when it is stored."""
    origin: Mapped[str | None] = mapped_column(String(32), index=True)
    """Whom it counts as coming from: a keyed hash. None where a former release stored it."""
    votes: Mapped[dict[str, list[str]] | None] = mapped_column(JSON(none_as_null=True))
    """The origins that gave each label."""
    is_disputed: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Whether there are several labels and no reviewer has decided; it then teaches nothing."""
    confidence: Mapped[float]
    probabilities: Mapped[list[float]] = mapped_column(JSON)
    model: Mapped[str] = mapped_column(String(100))
    version: Mapped[str] = mapped_column(String(64))
    import_id: Mapped[str | None] = mapped_column(String(32), index=True)
    """The import that it came from. Until that is done, sessions do not see the drawing."""


class Import(Base):
    """An import of drawings from a file. Its drawings are visible once it is done."""

    __tablename__ = "imports"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    created: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    who: Mapped[str] = mapped_column(String(100))
    file: Mapped[str] = mapped_column(String(200))
    """The name of the uploaded file."""
    state: Mapped[ImportStatus] = mapped_column(status_type(ImportStatus), index=True)
    slot: Mapped[int | None] = mapped_column(unique=True)
    """1 while running, otherwise None; the unique constraint allows one running import at a time,
    so that no drawing is in two imports of which either may fail."""
    heartbeat: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """Time of the last heartbeat of the process that imports."""
    ended: Mapped[datetime | None] = mapped_column(UTCDateTime)
    share: Mapped[float] = mapped_column(default=0.0)
    """How much of the file was read, 0..1."""
    kept: Mapped[int] = mapped_column(default=0)
    """Number of drawings that were added."""
    known: Mapped[int] = mapped_column(default=0)
    """Number of drawings that were there already."""
    empty: Mapped[int] = mapped_column(default=0)
    """Number of pictures without ink."""
    code: Mapped[str] = mapped_column(String(20), default="")
    """Why it failed, as a code for scripts."""
    error: Mapped[str] = mapped_column(Text, default="")
    """Why it failed, and where in the file, in one line."""
    is_cleared: Mapped[bool] = mapped_column(default=False)
    """Whether the drawings of an import that failed or was lost have been removed."""


class Activation(Base):
    """A version of the default model became active; the newest row is the pointer."""

    __tablename__ = "activations"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    version: Mapped[str] = mapped_column(String(64))
    before: Mapped[int | None] = mapped_column(ForeignKey("activations.id"))
    """The activation that it replaced, which a rollback restores; None for the shipped model."""


class AuditEntry(Base):
    """An action of an administrator or of the worker, or a refused attempt."""

    __tablename__ = "audit"
    __table_args__ = (Index("ix_audit_what_id", "what", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    who: Mapped[str] = mapped_column(String(100))
    """An IP address, `session`, `token`, `command line`, `worker` or `run ID`."""
    what: Mapped[str] = mapped_column(String(40))
    details: Mapped[dict[str, Any]] = mapped_column(JSON)


class Run(Base):
    """A retraining run, from the request to the verdict. This table is also the queue."""

    __tablename__ = "runs"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    created: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    who: Mapped[str] = mapped_column(String(100))
    options: Mapped[dict[str, Any]] = mapped_column(JSON)
    """A `webapp.retraining.options.RetrainingOptions`."""
    state: Mapped[RunStatus] = mapped_column(status_type(RunStatus), index=True)
    slot: Mapped[int | None] = mapped_column(unique=True)
    """1 while running, otherwise None; the unique constraint allows one running run at a time."""
    worker: Mapped[str] = mapped_column(String(32), default="")
    """Random identifier of the worker's claim; a worker that lost the run may not write to it."""
    started: Mapped[datetime | None] = mapped_column(UTCDateTime)
    ended: Mapped[datetime | None] = mapped_column(UTCDateTime)
    heartbeat: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """Time of the worker's last heartbeat."""
    cancelling: Mapped[bool] = mapped_column(default=False)
    """Whether it was cancelled but its worker has not stopped yet."""
    progress: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """A `webapp.retraining.progress.Progress`."""
    log: Mapped[str] = mapped_column(Text, default="")
    """The trainer's standard error, truncated at the beginning if too long."""
    error: Mapped[str] = mapped_column(Text, default="")
    """One line that says why it failed."""
    version: Mapped[str | None] = mapped_column(String(64))
    """The model version that it produced."""
    verdict: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """A `webapp.retraining.gate.Verdict`: the new version compared with the active one."""


class RateLimit(Base):
    """The latest actions of a client that are limited. The client is a keyed hash."""

    __tablename__ = "rate_limits"

    action: Mapped[str] = mapped_column(String(20), primary_key=True)
    client: Mapped[str] = mapped_column(String(64), primary_key=True)
    hits: Mapped[str] = mapped_column(Text)
    """Times of the latest actions, oldest first: ten digits each, in seconds since 1970."""
    expires: Mapped[int] = mapped_column(BigInteger, index=True)
    """When the row no longer matters, in seconds since 1970."""


class AdminSession(Base):
    """An open session of an administrator."""

    __tablename__ = "admin_sessions"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    """SHA-256 of the id in the cookie, so that nobody can sign in with what is stored here."""
    password: Mapped[str] = mapped_column(String(16))
    """The password's `Authenticator.key` when the session was opened."""
    since: Mapped[datetime] = mapped_column(UTCDateTime)


TRANSIENT = frozenset(
    {RateLimit.__tablename__, AdminSession.__tablename__, "run_files", "secrets", "lessons"}
)
"""Tables that backups leave out. Rows that belong to the moment: restoring one neither reopens a
session nor limits anybody, nor brings back drawings that a run was learning from. And the secrets.
"""

REPLACED = frozenset({"answer_counts", "shadows", "shadow_counts"})
"""Tables whose rows a restored backup replaces: an installation that has only counted is empty."""
