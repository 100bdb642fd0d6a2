"""Files that a run is resumed from, stored with it, so that a worker of another host can do so."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import ColumnElement, delete, exists, select
from sqlalchemy.orm import Session

from webapp.storage.database import Database
from webapp.storage.file_tables import RunFile
from webapp.storage.tables import Run, RunStatus, now

KEPT = 3
KEPT_FOR = timedelta(days=7)
"""Of the runs that wait for somebody to resume them, so many keep their files, for so long; others
start over. Drawings are among them, which may be deleted or expire meanwhile."""

_LIVE = (RunStatus.QUEUED, RunStatus.RUNNING)
_WAITING = (RunStatus.LOST, RunStatus.FAILED)


def put(session: Session, run: str, name: str, part: int, content: bytes) -> None:
    """Add a part of a file, of at most `file_tables.PART_BYTES`; parts are counted from 0."""
    session.add(RunFile(run=run, name=name, part=part, content=content))
    session.flush()
    session.expunge_all()  # one part is in memory at a time


def remove(session: Session, run: str, *names: str) -> None:
    """Delete files of a run, as far as they are there."""
    session.execute(delete(RunFile).where(RunFile.run == run, RunFile.name.in_(names)))


def names(session: Session, run: str) -> set[str]:
    """Names of the stored files of a run."""
    return set(session.scalars(select(RunFile.name).where(RunFile.run == run).distinct()))


def parts(session: Session, run: str, name: str) -> Iterator[bytes]:
    """The content of a stored file, a part at a time."""
    those = select(RunFile.content).where(RunFile.run == run, RunFile.name == name)
    yield from session.scalars(those.order_by(RunFile.part).execution_options(yield_per=1))


def prune(database: Database) -> None:
    """Delete the files of runs that have ended, and of those that nobody has resumed for long."""
    with database.reading() as session:
        if not session.scalar(select(exists().where(_is_surplus()))):
            return
    with database.writing() as session:
        session.execute(delete(RunFile).where(_is_surplus()))


def delete_all(session: Session) -> None:
    """Delete the files of all runs. Those that go on have theirs, and store them again."""
    session.execute(delete(RunFile))


def _is_surplus() -> ColumnElement[bool]:
    resumable = select(Run.id).where(Run.state.in_(_WAITING))
    resumable = resumable.where(Run.ended > now() - KEPT_FOR)
    newest = resumable.order_by(Run.ended.desc(), Run.id).limit(KEPT)
    live = select(Run.id).where(Run.state.in_(_LIVE))
    return RunFile.run.not_in(live) & RunFile.run.not_in(newest)
