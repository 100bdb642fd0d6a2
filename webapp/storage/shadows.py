"""Which version answers in the shadow of the active one, and how far the two agree: counts only."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import BigInteger, String, delete, select, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from webapp.storage.tables import Base, UTCDateTime, now

KEPT = 20
"""Shadows; older ones are deleted with their counts."""


class Shadow(Base):
    """A time in which a version answers unseen. The newest one counts, until it ends."""

    __tablename__ = "shadows"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    version: Mapped[str] = mapped_column(String(64))
    """The version that answers unseen."""
    who: Mapped[str] = mapped_column(String(100))
    started: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    until: Mapped[datetime] = mapped_column(UTCDateTime)
    """When it ends by itself."""
    stopped: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """When somebody ended it, or began another one."""

    def is_on(self, moment: datetime) -> bool:
        """Whether it has not ended at that time."""
        return self.stopped is None and moment < self.until


class ShadowCount(Base):
    """How often two versions answered the same drawing in this way."""

    __tablename__ = "shadow_counts"

    shadow: Mapped[str] = mapped_column(String(32), primary_key=True)
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

    shadow: str
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
_NEWEST_FIRST = (Shadow.started.desc(), Shadow.id)


def newest(session: Session) -> Shadow | None:
    """The shadow that began last, whether or not it has ended."""
    return session.scalars(select(Shadow).order_by(*_NEWEST_FIRST).limit(1)).first()


def of_version(session: Session, version: str) -> Shadow | None:
    """The newest shadow in which this version answered."""
    those = select(Shadow).where(Shadow.version == version)
    return session.scalars(those.order_by(*_NEWEST_FIRST).limit(1)).first()


def start(session: Session, version: str, who: str, lasts: timedelta) -> Shadow:
    """Let a version answer in the shadow from now on, in place of any other one."""
    stop(session)
    began = now()
    shadow = Shadow(
        id=secrets.token_hex(8), version=version, who=who, started=began, until=began + lasts
    )
    session.add(shadow)
    session.flush()
    old = session.scalars(select(Shadow.id).order_by(*_NEWEST_FIRST).offset(KEPT)).all()
    session.execute(delete(ShadowCount).where(ShadowCount.shadow.in_(old)))
    session.execute(delete(Shadow).where(Shadow.id.in_(old)))
    return shadow


def stop(session: Session) -> bool:
    """End the shadow that is on, and say whether there was one."""
    moment = now()
    on = select(Shadow.id).where(Shadow.stopped.is_(None), Shadow.until > moment)
    if not (ids := session.scalars(on).all()):
        return False
    session.execute(update(Shadow).where(Shadow.id.in_(ids)).values(stopped=moment))
    return True


def add(session: Session, counts: Mapping[Pair, int]) -> None:
    """Add to what was counted. In the order of the key, or two hosts could block each other."""
    rows = [pair._asdict() | {"answers": counts[pair]} for pair in sorted(counts)]
    if rows:
        session.execute(_ADD, rows)


def counts(session: Session, shadow: str) -> dict[Pair, int]:
    """What was counted in a shadow."""
    rows = session.scalars(select(ShadowCount).where(ShadowCount.shadow == shadow))
    return {
        Pair(
            row.shadow, row.version, row.shown, row.shown_certainty, row.unseen,
            row.unseen_certainty,
        ): row.answers
        for row in rows
    }  # fmt: skip
