"""The table of lessons is their queue: bounded, one at a time, after every retraining."""

from __future__ import annotations

import secrets
from datetime import timedelta
from functools import cache
from importlib.resources import files

from sqlalchemy import ColumnElement, delete, exists, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from webapp.retraining.claim import RowClaim, is_lost, is_waiting, take_next
from webapp.storage import liveness
from webapp.storage.database import Database
from webapp.storage.lessons import Lesson
from webapp.storage.liveness import is_silent
from webapp.storage.tables import Run, RunStatus, now

LIVE = (RunStatus.QUEUED, RunStatus.RUNNING)
LONGEST_QUEUE = 5
"""Lessons of all classes that may wait; one more is refused."""
WAITS_FOR = timedelta(minutes=15)
"""A lesson that no worker has begun for so long is given up: its class has gone on."""
KEPT = 30
KEPT_FOR = timedelta(days=1)
"""The newest lessons that have ended are kept, for so long; a page that is opened again shows its
class's last one."""

_CLAIMED_WITHIN = timedelta(seconds=10)
_SEEDS = 10_000  # beyond those of the curves that are recorded


class Busy(Exception):
    """The class has a lesson that has not ended; or too many classes wait, as the message says."""


@cache
def mistakes() -> tuple[str, ...]:
    """Names of the trainer's recipes in `mistakes/`, read as data; `none` is the right one."""
    folder = files("trainer").joinpath("training", "recipes", "mistakes")
    names = (each.name for each in folder.iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


def enqueue(session: Session, class_key: str, starter: str, mistake: str) -> Lesson:
    """Add a lesson to the queue. Raises `Busy`."""
    give_up(session)
    waiting = select(func.count()).where(Lesson.state == RunStatus.QUEUED)
    if (session.scalar(waiting) or 0) >= LONGEST_QUEUE:
        raise Busy("queue_full")
    lesson = Lesson(
        id=secrets.token_hex(8),
        created=now(),
        class_key=class_key,
        live=class_key,
        starter=starter,
        mistake=mistake,
        seed=5 + secrets.randbelow(_SEEDS),
        state=RunStatus.QUEUED,
        progress={},
    )
    try:
        with session.begin_nested():
            session.add(lesson)
    except IntegrityError:
        raise Busy("lesson_under_way") from None
    return lesson


def newest(database: Database, class_key: str) -> Lesson | None:
    """A class's lesson that has not ended, else its newest; what is lost or waited too long is
    marked first.

    Clocks of hosts differ, and may be set back: a lesson under way is the newest by whatever clock.
    """
    mark_lost(database)
    of_class = select(Lesson).where(Lesson.class_key == class_key)
    newest_first = of_class.order_by(Lesson.live.is_(None), Lesson.created.desc(), Lesson.id)
    with database.reading() as session:
        return session.scalars(newest_first.limit(1)).first()


def waits_for(database: Database, lesson: Lesson) -> str:
    """What a lesson in the queue waits for: `lesson`, `retraining`, or `worker` if none came.

    Empty if it is not waiting, or has only just begun to.
    """
    if lesson.state != RunStatus.QUEUED:
        return ""
    with database.reading() as session:
        if session.scalar(select(exists().where(Lesson.state == RunStatus.RUNNING))):
            return "lesson"
        trains = exists().where((Run.state == RunStatus.RUNNING) & ~is_silent(Run))
        if session.scalar(select(trains)):
            return "retraining"
    return "worker" if now() - lesson.created > _CLAIMED_WITHIN else ""


def cancel(lesson: Lesson) -> None:
    """Cancel a lesson that this session has loaded, through its worker if it is running."""
    if lesson.state == RunStatus.RUNNING:
        lesson.cancelling = True
    elif lesson.state == RunStatus.QUEUED:
        lesson.state, lesson.live, lesson.ended = RunStatus.CANCELLED, None, now()


def mark_lost(database: Database) -> None:
    """Give up what is lost or waited too long, in a transaction if there is any."""
    liveness.mark_lost(database, or_(is_lost(Lesson), _has_expired()), give_up)


def give_up(session: Session) -> None:
    """Mark the lessons whose worker is silent, and those that nobody has begun, as lost."""
    for those, code in ((is_lost(Lesson), "lost"), (_has_expired(), "expired")):
        values = {"state": RunStatus.LOST, "slot": None, "live": None, "ended": now(), "code": code}
        session.execute(
            update(Lesson).where(those).values(values).execution_options(synchronize_session=False)
        )


def prune(database: Database) -> None:
    """Give up what is lost, and delete lessons that ended long ago, or are not among the newest."""
    with database.reading() as session:
        if not session.scalar(
            select(exists().where(or_(is_lost(Lesson), _has_expired(), _is_old())))
        ):
            return
    with database.writing() as session:
        give_up(session)
        session.execute(
            delete(Lesson).where(_is_old()).execution_options(synchronize_session=False)
        )


def _has_expired() -> ColumnElement[bool]:
    return (Lesson.state == RunStatus.QUEUED) & (Lesson.created < now() - WAITS_FOR)


def _is_old() -> ColumnElement[bool]:
    ended = select(Lesson.id).where(Lesson.ended > now() - KEPT_FOR)
    newest = ended.order_by(Lesson.ended.desc(), Lesson.id).limit(KEPT)
    return Lesson.ended.is_not(None) & Lesson.id.not_in(newest)


def claim_next(database: Database) -> LessonClaim | None:
    """Claim the lesson that has waited longest; None if there is none, or if another is running.

    Call it when no run can be claimed. It starts a writing transaction only if needed.
    """
    if not is_waiting(database, Lesson):
        return None
    with database.writing() as session:
        give_up(session)
        lesson = take_next(session, Lesson)
        if lesson is None:
            return None
    return LessonClaim(database, lesson)


class LessonClaim(RowClaim):
    """A worker's claim to a lesson."""

    def __init__(self, database: Database, lesson: Lesson) -> None:
        super().__init__(database, lesson)
        self.lesson = lesson
