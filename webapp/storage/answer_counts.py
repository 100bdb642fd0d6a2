"""How often which version of the default model answered what, by day: nothing but counts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from sqlalchemy import BigInteger, String, delete, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from webapp.storage.tables import Base

KEPT_DAYS = 400
"""Days with answers, so that a day can be compared with the same one of the year before."""


class AnswerCount(Base):
    """The answers of a version on one day, in UTC, of all processes and hosts together."""

    __tablename__ = "answer_counts"

    day: Mapped[str] = mapped_column(String(10), primary_key=True)
    """In ISO 8601. As text, since backups of former releases know no dates."""
    version: Mapped[str] = mapped_column(String(64), primary_key=True)
    reading: Mapped[str] = mapped_column(String(12), primary_key=True)
    """0 to 9, not_a_digit, or number for several digits."""
    certainty: Mapped[str] = mapped_column(String(12), primary_key=True)
    answers: Mapped[int] = mapped_column(BigInteger)
    confident: Mapped[int] = mapped_column(BigInteger)
    """How many of them have a confidence in the highest bin of a card's reliability diagram."""


class Kind(NamedTuple):
    """What is counted together; in the order of the table's key."""

    day: date
    version: str
    reading: str
    certainty: str


class Counted(NamedTuple):
    """How many answers of a kind there are, and how many of these are confident."""

    answers: int
    confident: int


_ADD = text(
    """
    INSERT INTO answer_counts (day, version, reading, certainty, answers, confident)
    VALUES (:day, :version, :reading, :certainty, :answers, :confident)
    ON CONFLICT (day, version, reading, certainty) DO UPDATE SET
        answers = answer_counts.answers + excluded.answers,
        confident = answer_counts.confident + excluded.confident
    """
)
"""One statement for each row: what two hosts add at once is added up by the database."""


def add(session: Session, counts: Mapping[Kind, Counted]) -> None:
    """Add to what is counted. In the order of the key, or two hosts could block each other."""
    rows = [
        kind._asdict() | counts[kind]._asdict() | {"day": kind.day.isoformat()}
        for kind in sorted(counts)
    ]
    if rows:
        session.execute(_ADD, rows)


def between(session: Session, first: date, last: date) -> dict[Kind, Counted]:
    """What was counted from one day to another, both included."""
    columns = (
        AnswerCount.day, AnswerCount.version, AnswerCount.reading, AnswerCount.certainty,
        AnswerCount.answers, AnswerCount.confident,
    )  # fmt: skip
    days = AnswerCount.day.between(first.isoformat(), last.isoformat())
    rows = session.execute(select(*columns).where(days))
    return {Kind(date.fromisoformat(row.day), *row[1:4]): Counted(*row[4:]) for row in rows}


def expire(session: Session) -> None:
    """Delete all but the newest `KEPT_DAYS` days with answers.

    They are counted, not reckoned from today: a host whose clock is wrong adds days that are not,
    and deletes none that are.
    """
    newest = select(AnswerCount.day).distinct().order_by(AnswerCount.day.desc())
    oldest_kept = newest.offset(KEPT_DAYS - 1).limit(1).scalar_subquery()
    session.execute(delete(AnswerCount).where(AnswerCount.day < oldest_kept))
