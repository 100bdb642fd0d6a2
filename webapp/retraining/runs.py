"""The table of runs: who may change what, and when one counts as lost."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

import msgspec
from sqlalchemy import exists, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from webapp.retraining.options import RetrainingOptions
from webapp.retraining.progress import Progress, stored
from webapp.storage import audit
from webapp.storage.database import Database
from webapp.storage.tables import Run, now

LOST_AFTER = timedelta(seconds=15)
"""Without a sign of life. A worker gives one every second, or oftener."""

MOST_LOG = 60_000
"""Characters that are kept of a run's log: the last ones."""

RESUMABLE = ("lost", "failed")
OPEN = ("queued", "running", *RESUMABLE)
"""The states in which a run can still be cancelled."""


class BadState(ValueError):
    """What cannot be done to a run as it stands; the message says why."""


def ask(session: Session, wishes: RetrainingOptions, who: str) -> Run:
    """Put a run into the queue."""
    run = Run(
        id=secrets.token_hex(8),
        created=now(),
        who=who,
        wishes=msgspec.to_builtins(wishes),
        state="queued",
        progress=stored(Progress()),
    )
    session.add(run)
    wished = {name: wish for name, wish in run.wishes.items() if wish is not None}
    audit.record(session, who, "asked for retraining", run=run.id, **wished)
    return run


def cancel(session: Session, run: Run, who: str) -> None:
    """End it: at once where no worker has it, else its worker does. Raises `BadState`."""
    if run.state not in OPEN:
        raise BadState(f"the run is {run.state}: there is nothing to cancel")
    audit.record(session, who, "cancelled a run", run=run.id)
    if run.state == "running":
        run.cancelling = True
    else:
        run.state, run.ended = "cancelled", now()


def resume(session: Session, run: Run, who: str) -> None:
    """Put a lost or failed run back into the queue. Raises `BadState`."""
    if run.state not in RESUMABLE:
        raise BadState(f"the run is {run.state}: only a lost or failed one can be resumed")
    run.state, run.error, run.ended, run.cancelling = "queued", "", None, False
    audit.record(session, who, "resumed a run", run=run.id)


def mark_lost(session: Session) -> list[str]:
    """Mark the runs whose worker gives no sign of life any more; which they are."""
    silent = (Run.state == "running") & (Run.heartbeat < now() - LOST_AFTER)
    if not session.scalar(select(exists().where(silent))):
        return []
    lost = session.scalars(
        update(Run)
        .where(silent)
        .values(
            state="lost",
            slot=None,
            ended=Run.heartbeat,
            error="Its worker gave no sign of life any more.",
        )
        .returning(Run.id)
    ).all()
    for identity in lost:
        audit.record(session, "worker", "run lost", run=identity)
    return list(lost)


def is_silent(run: Run) -> bool:
    """Whether its worker gives no sign of life any more."""
    return run.state == "running" and (run.heartbeat or run.created) < now() - LOST_AFTER


class Claim:
    """A worker's hold on a run. All that it writes fails once the run was taken for lost."""

    def __init__(self, database: Database, run: Run) -> None:
        self._database = database
        self.run = run
        self._mine = (Run.id == run.id) & (Run.state == "running") & (Run.worker == run.worker)

    @classmethod
    def next(cls, database: Database) -> Claim | None:
        """Take the run that waits longest, unless one is running."""
        with database.writing() as session:
            mark_lost(session)
            waiting = select(Run).where(Run.state == "queued").order_by(Run.created, Run.id)
            run = session.scalars(waiting.limit(1).with_for_update(skip_locked=True)).first()
            if run is None:
                return None
            try:
                with session.begin_nested():
                    run.state, run.slot, run.worker = "running", 1, secrets.token_hex(16)
                    run.heartbeat = now()
                    run.started = run.started or now()
            except IntegrityError:  # another one runs
                return None
        return cls(database, run)

    def beat(self, **changes: Any) -> bool:
        """Give a sign of life and write changes; whether the run shall go on.

        Raises `LostRun` where it is no longer this worker's.
        """
        values = {"heartbeat": now(), **changes}
        with self._database.writing() as session:
            answer = update(Run).where(self._mine).values(values).returning(Run.cancelling)
            cancelling = session.execute(answer).scalar_one_or_none()
        if cancelling is None:
            raise LostRun(self.run.id)
        return not cancelling

    def end(self, state: str, **changes: Any) -> None:
        """Let go of it in this state. Raises `LostRun`."""
        ended = None if state == "queued" else now()
        self.beat(state=state, slot=None, ended=ended, **changes)


class LostRun(Exception):
    """The run is no longer this worker's."""
