"""Queues that are tables: a worker's claim to a run or a lesson, its heartbeats, and its end."""

from __future__ import annotations

import secrets
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, exists, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from webapp.storage.database import Database
from webapp.storage.lessons import Lesson
from webapp.storage.liveness import is_silent
from webapp.storage.tables import Run, RunStatus, now

Row = TypeVar("Row", Run, Lesson)


class LostRun(Exception):
    """The run, or the lesson, no longer belongs to this worker."""


def is_lost(table: type[Run] | type[Lesson]) -> ColumnElement[bool]:
    """The rule for a lost row: it is running, and its last heartbeat is too old."""
    return (table.state == RunStatus.RUNNING) & is_silent(table)


def is_waiting(database: Database, table: type[Run] | type[Lesson]) -> bool:
    """Whether a row could be claimed: one is in the queue, and none is running."""
    waits = exists().where(table.state == RunStatus.QUEUED)
    is_running = exists().where((table.state == RunStatus.RUNNING) & ~is_silent(table))
    with database.reading() as session:
        return bool(session.scalar(select(waits & ~is_running)))


def take_next(session: Session, table: type[Row]) -> Row | None:
    """Make the row that has waited longest a new worker's; None if there is none, or if another
    is running."""
    waiting = select(table).where(table.state == RunStatus.QUEUED)
    waiting = waiting.order_by(table.created, table.id).limit(1)
    row = session.scalars(waiting.with_for_update(skip_locked=True)).first()
    if row is None:
        return None
    try:
        with session.begin_nested():
            row.state, row.slot = RunStatus.RUNNING, 1
            row.worker, row.heartbeat = secrets.token_hex(16), now()
    except IntegrityError:  # the slot is taken: another row is running
        return None
    return row


class RowClaim:
    """A claim to a run or a lesson. Its writes fail once the row has been marked as lost."""

    def __init__(self, database: Database, row: Run | Lesson) -> None:
        self._database = database
        self._id = row.id
        self._table = table = type(row)
        self._is_mine = (
            (table.id == row.id) & (table.state == RunStatus.RUNNING) & (table.worker == row.worker)
        )

    def heartbeat(self, **changes: Any) -> bool:
        """Write a heartbeat and changed columns; return False if the run was cancelled.

        Raises `LostRun` if the run no longer belongs to this worker.
        """
        with self._database.writing() as session:
            return self._write(session, changes)

    def beat_in(self, session: Session) -> None:
        """Write a heartbeat in this transaction. Raises `LostRun`, as `heartbeat` does."""
        self._write(session, {})

    def release(self, state: RunStatus, **changes: Any) -> None:
        """Release the run with this status and changed columns. Raises `LostRun`."""
        with self._database.writing() as session:
            self.release_in(session, state, **changes)

    def release_in(self, session: Session, state: RunStatus, **changes: Any) -> bool:
        """As `release`, in this transaction; return False if the run was cancelled meanwhile."""
        ended = None if state == RunStatus.QUEUED else now()
        return self._write(session, {"state": state, "slot": None, "ended": ended, **changes})

    def _write(self, session: Session, changes: dict[str, Any]) -> bool:
        values = {"heartbeat": now(), **changes}
        statement = update(self._table).where(self._is_mine).values(values)
        cancelling = session.execute(
            statement.returning(self._table.cancelling)
        ).scalar_one_or_none()
        if cancelling is None:
            raise LostRun(self._id)
        return not cancelling
