"""The tables of the database."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, LargeBinary, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import DateTime, TypeDecorator


class UTCDateTime(TypeDecorator[datetime]):
    """A time in UTC; SQLite forgets the zone, so it is put back."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: object) -> datetime | None:
        return value and value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, _dialect: object) -> datetime | None:
        return value and (value if value.tzinfo else value.replace(tzinfo=UTC))


def now() -> datetime:
    return datetime.now(UTC)


class Base(DeclarativeBase):
    """What every table is made from."""


class Drawing(Base):
    """A drawing that somebody said the truth about, and what was answered to it."""

    __tablename__ = "drawings"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    created: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
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
    reviewed: Mapped[datetime | None] = mapped_column(UTCDateTime)
    held_back: Mapped[bool]
    """Never learned from: it judges new models. So for all drawings of a visitor, or for none."""
    digit: Mapped[int]
    confidence: Mapped[float]
    is_digit: Mapped[bool]
    probabilities: Mapped[list[float]] = mapped_column(JSON)
    model: Mapped[str] = mapped_column(String(100))
    version: Mapped[str] = mapped_column(String(64))


class Activation(Base):
    """That a version of the default model began to answer; the newest one's does."""

    __tablename__ = "activations"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    version: Mapped[str] = mapped_column(String(64))
    before: Mapped[int | None] = mapped_column(ForeignKey("activations.id"))
    """The one it took over from, to which a rollback leads; None for the shipped model."""


class AuditEntry(Base):
    """What somebody did who runs the site, or tried to."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    who: Mapped[str] = mapped_column(String(100))
    """The address, or `token`, or `command line`."""
    what: Mapped[str] = mapped_column(String(40))
    details: Mapped[dict[str, Any]] = mapped_column(JSON)


class Run(Base):
    """A retraining that somebody asked for, from the click to the verdict."""

    __tablename__ = "runs"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    created: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    who: Mapped[str] = mapped_column(String(100))
    wishes: Mapped[dict[str, Any]] = mapped_column(JSON)
    """What was asked for, as `webapp.retraining.options.RetrainingOptions`."""
    state: Mapped[str] = mapped_column(String(10), index=True)
    """queued, running, done, failed, cancelled or lost."""
    slot: Mapped[int | None] = mapped_column(unique=True)
    """1 while it runs, so that only one can."""
    worker: Mapped[str] = mapped_column(String(32), default="")
    """Names the claim of the worker that runs it: whoever lost the run may not write to it."""
    started: Mapped[datetime | None] = mapped_column(UTCDateTime)
    ended: Mapped[datetime | None] = mapped_column(UTCDateTime)
    heartbeat: Mapped[datetime | None] = mapped_column(UTCDateTime)
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


class Counter(Base):
    """How often a client did something in a span of time. The client is a keyed hash."""

    __tablename__ = "counters"

    what: Mapped[str] = mapped_column(String(20), primary_key=True)
    client: Mapped[str] = mapped_column(String(64), primary_key=True)
    begins: Mapped[datetime] = mapped_column(UTCDateTime, primary_key=True)
    count: Mapped[int] = mapped_column(default=0)
