"""A worker's claim to a row of a queue: its heartbeats, and its end."""

from __future__ import annotations

from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from webapp.storage.database import Database
from webapp.storage.lessons import Lesson
from webapp.storage.tables import Run, RunStatus, now


class LostRun(Exception):
    """The run, or the lesson, no longer belongs to this worker."""


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
