"""Which version answers in the shadow of the active one, and how far the two agree: counts only."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import BigInteger, String, delete, select, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from webapp.storage.tables import Base, UTCDateTime, now

KEPT = 20
"""Shadows; older ones are deleted with their counts."""


class Shadow(Base):
    """A time in which a version answers unseen. The numbers of later ones are higher."""

    __tablename__ = "shadows"

    id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[str] = mapped_column(String(64))
    """The version that answers unseen."""
    slot: Mapped[int | None] = mapped_column(unique=True)
    """1 until it is ended, then None; the unique constraint allows one at a time."""
    started: Mapped[datetime] = mapped_column(UTCDateTime)
    until: Mapped[datetime] = mapped_column(UTCDateTime)
    """When it ends by itself."""
    stopped: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """When somebody ended it, began another one, or promoted its version."""
    counted: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """When a process added to its counts last."""

    def is_on(self, moment: datetime) -> bool:
        """Whether it has not ended at that time."""
        return self.slot is not None and moment < self.until


class ShadowCount(Base):
    """How often two versions answered the same drawing in this way."""

    __tablename__ = "shadow_counts"

    shadow: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[str] = mapped_column(String(64), primary_key=True)
    """The version whose answer was shown."""
    shown: Mapped[str] = mapped_column(String(12), primary_key=True)
    """Its answer: 0 to 9, or not_a_digit."""
    shown_certainty: Mapped[str] = mapped_column(String(12), primary_key=True)
    unseen: Mapped[str] = mapped_column(String(12), primary_key=True)
    """The answer of the version in the shadow."""
    unseen_certainty: Mapped[str] = mapped_column(String(12), primary_key=True)
    answers: Mapped[int] = mapped_column(BigInteger)


class Pair(NamedTuple):
    """Two answers to a drawing; in the order of the table's key."""

    shadow: int
    version: str
    shown: str
    shown_certainty: str
    unseen: str
    unseen_certainty: str


_ADD = text(
    """
    INSERT INTO shadow_counts
        (shadow, version, shown, shown_certainty, unseen, unseen_certainty, answers)
    VALUES (:shadow, :version, :shown, :shown_certainty, :unseen, :unseen_certainty, :answers)
    ON CONFLICT (shadow, version, shown, shown_certainty, unseen, unseen_certainty)
    DO UPDATE SET answers = shadow_counts.answers + excluded.answers
    """
)


def on(session: Session) -> Shadow | None:
    """The shadow that is on."""
    found = session.scalars(select(Shadow).where(Shadow.slot == 1)).first()
    return found if found and found.is_on(now()) else None


def of_version(session: Session, version: str) -> Shadow | None:
    """The newest shadow in which this version answered."""
    those = select(Shadow).where(Shadow.version == version)
    return session.scalars(those.order_by(Shadow.id.desc()).limit(1)).first()


def start(session: Session, version: str, lasts: timedelta) -> Shadow:
    """Let a version answer in the shadow from now on, in place of any other one."""
    stop(session)
    began = now()
    shadow = Shadow(version=version, slot=1, started=began, until=began + lasts)
    session.add(shadow)
    session.flush()
    old = session.scalars(select(Shadow.id).order_by(Shadow.id.desc()).offset(KEPT)).all()
    session.execute(delete(ShadowCount).where(ShadowCount.shadow.in_(old)))
    session.execute(delete(Shadow).where(Shadow.id.in_(old)))
    return shadow


def stop(session: Session, version: str | None = None) -> bool:
    """End the shadow that is on, or only if it is of this version; say whether there was one."""
    moment = now()
    held = session.scalars(select(Shadow).where(Shadow.slot == 1)).first()
    if held is None or version not in {None, held.version}:
        return False
    was_on = held.is_on(moment)
    held.slot = None
    if was_on:
        held.stopped = moment
    session.flush()  # a unique constraint is checked at each statement
    return was_on


def add(session: Session, counts: Mapping[Pair, int]) -> None:
    """Add to what was counted. In the order of the key, or two hosts could block each other."""
    rows = [pair._asdict() | {"answers": counts[pair]} for pair in sorted(counts)]
    if rows:
        session.execute(_ADD, rows)
    for shadow in sorted({pair.shadow for pair in counts}):
        session.execute(update(Shadow).where(Shadow.id == shadow).values(counted=now()))


def counts(session: Session, shadow: int) -> dict[Pair, int]:
    """What was counted in a shadow."""
    rows = session.scalars(select(ShadowCount).where(ShadowCount.shadow == shadow))
    return {
        Pair(
            row.shadow, row.version, row.shown, row.shown_certainty, row.unseen,
            row.unseen_certainty,
        ): row.answers
        for row in rows
    }  # fmt: skip
