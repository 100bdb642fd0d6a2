"""The table of runs, which is the queue: claims, heartbeats, cancelling, lost runs."""

from __future__ import annotations

import secrets

import msgspec
from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from webapp.retraining.claim import RowClaim, is_lost, is_waiting, take_next
from webapp.retraining.gate import Verdict
from webapp.retraining.options import RetrainingOptions
from webapp.retraining.progress import Progress, stored
from webapp.storage import audit, liveness
from webapp.storage.database import Database
from webapp.storage.liveness import last_sign
from webapp.storage.tables import Run, RunStatus, now

MAX_LOG_CHARS = 60_000
"""Characters of a run's log that are stored, counted from its end."""

LIVE = (RunStatus.QUEUED, RunStatus.RUNNING)
RESUMABLE = (RunStatus.LOST, RunStatus.FAILED)
OPEN = (*LIVE, *RESUMABLE)
"""The statuses in which a run can still be cancelled."""
ENDED = (RunStatus.DONE, RunStatus.FAILED, RunStatus.CANCELLED)
"""The statuses that a run leaves only on request."""


class BadState(ValueError):
    """An action that the run's state does not allow; the message says why."""


def enqueue(session: Session, options: RetrainingOptions, who: str) -> Run:
    """Add a run to the queue."""
    run = Run(
        id=secrets.token_hex(8),
        created=now(),
        who=who,
        options=msgspec.to_builtins(options),
        state=RunStatus.QUEUED,
        progress=stored(Progress()),
    )
    session.add(run)
    given = {name: value for name, value in run.options.items() if value is not None}
    audit.record(session, who, "asked for retraining", run=run.id, **given)
    return run


def cancel(session: Session, run: Run, who: str) -> None:
    """Cancel a run, through its worker if it is running. Raises `BadState`."""
    if run.state not in OPEN:
        raise BadState(f"the run is {run.state}: there is nothing to cancel")
    audit.record(session, who, "cancelled a run", run=run.id)
    if run.state == RunStatus.RUNNING:
        run.cancelling = True
    else:
        run.state, run.ended = RunStatus.CANCELLED, now()


def resume(session: Session, run: Run, who: str) -> None:
    """Put a lost or failed run back into the queue. Raises `BadState`."""
    if run.state not in RESUMABLE:
        raise BadState(f"the run is {run.state}: only a lost or failed run can be resumed")
    run.state, run.error, run.ended, run.cancelling = RunStatus.QUEUED, "", None, False
    audit.record(session, who, "resumed a run", run=run.id)


def current(database: Database, identity: str) -> Run | None:
    """A run by its id, marked as lost first if its worker is silent; None if there is none."""
    liveness.mark_lost(database, is_lost(Run), mark_lost)
    with database.reading() as session:
        return session.get(Run, identity)


def verdict_on(database: Database, version: str) -> Verdict | None:
    """The newest comparison of a version that a run made, None if there is none."""
    made = select(Run.verdict).where(Run.version == version, Run.verdict.is_not(None))
    with database.reading() as session:
        stored = session.scalar(made.order_by(Run.created.desc()).limit(1))
    return msgspec.convert(stored, Verdict | None)


def newest(database: Database, limit: int) -> list[Run]:
    """The newest runs, newest first; those whose worker is silent are marked as lost first."""
    liveness.mark_lost(database, is_lost(Run), mark_lost)
    statement = select(Run).order_by(Run.created.desc()).limit(limit)
    with database.reading() as session:
        return list(session.scalars(statement))


def mark_lost(session: Session) -> None:
    """Mark the running runs whose worker is silent as lost."""
    if not _any_silent(session):
        return
    lost = session.scalars(
        update(Run)
        .where(is_lost(Run))
        .values(
            state=RunStatus.LOST,
            slot=None,
            ended=last_sign(Run),
            error="Its worker stopped sending heartbeats.",
        )
        .returning(Run.id)
    ).all()
    for identity in lost:
        audit.record(session, "worker", "run lost", run=identity)


def _any_silent(session: Session) -> bool:
    return bool(session.scalar(select(exists().where(is_lost(Run)))))


def claim_next(database: Database) -> Claim | None:
    """Claim the run that has waited longest; None if there is none, or if another is running.

    Every worker polls it twice a second, so it starts a writing transaction only if needed.
    """
    if not is_waiting(database, Run):
        return None
    with database.writing() as session:
        mark_lost(session)
        run = take_next(session, Run)
        if run is None:
            return None
        run.started = run.started or now()
    return Claim(database, run)


class Claim(RowClaim):
    """A worker's claim to a run. Its writes fail once the run has been marked as lost."""

    def __init__(self, database: Database, run: Run) -> None:
        super().__init__(database, run)
        self.run = run
