"""The table of imports: one runs at a time, in short batches, and all of it counts or nothing."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, exists, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from webapp.storage import audit, full_disk, liveness
from webapp.storage.database import Database
from webapp.storage.liveness import is_silent, last_sign
from webapp.storage.tables import Drawing, Import, ImportStatus, now
from webapp.storage.visibility import UNFINISHED_TOO

MAX_LIVE = 8
"""Largest number of imports that run or wait, each with its file on a disk."""

LIVE = (ImportStatus.WAITING, ImportStatus.RUNNING)
_ENDED_BADLY = (ImportStatus.FAILED, ImportStatus.LOST)

_CLEARED_ROWS = 500  # in one transaction
_NAME_CHARS = 200


class TooManyImports(Exception):
    """As many imports as are allowed are running or waiting."""


class ImportEnded(Exception):
    """The import was marked as lost or was ended by somebody else."""


def add(database: Database, who: str, file: str) -> Staging:
    """Add an import, waiting for its turn. Raises `TooManyImports`."""
    with database.writing() as session:
        _mark_lost(session)
        live = select(func.count()).select_from(Import).where(Import.state.in_(LIVE))
        if (session.scalar(live) or 0) >= MAX_LIVE:
            raise TooManyImports(f"{MAX_LIVE} imports are running or waiting; try again later")
        added = Import(
            id=secrets.token_hex(8),
            created=now(),
            who=who,
            file="".join(filter(str.isprintable, file))[:_NAME_CHARS],
            state=ImportStatus.WAITING,
            heartbeat=now(),
        )
        session.add(added)
    return Staging(database, added.id, who, added.file)


def find(database: Database, identity: str) -> Import | None:
    """An import by its id, marked as lost first if its process is silent."""
    mark_lost(database)
    with database.reading() as session:
        return session.get(Import, identity)


def newest(database: Database, limit: int) -> list[Import]:
    """The newest imports, newest first; silent ones are marked as lost first."""
    mark_lost(database)
    statement = select(Import).order_by(Import.created.desc()).limit(limit)
    with database.reading() as session:
        return list(session.scalars(statement))


def mark_lost(database: Database) -> None:
    """Mark the imports whose process is silent as lost."""
    liveness.mark_lost(database, _is_lost(), _mark_lost)


def needs_clearing(database: Database) -> bool:
    """Whether drawings of failed or lost imports may remain; silent ones are marked first."""
    mark_lost(database)
    with database.reading() as session:
        return bool(session.scalar(select(exists().where(_is_uncleared()))))


def clear(database: Database, show_life: Callable[[], None] = lambda: None) -> None:
    """Remove the drawings of failed and lost imports, in short transactions.

    It may be interrupted and called again, and concurrently. `show_life` is called after each.
    """
    mark_lost(database)
    with database.reading() as session:
        ended = session.scalars(select(Import.id).where(_is_uncleared())).all()
    for identity in ended:
        some = select(Drawing.id).where(Drawing.import_id == identity).limit(_CLEARED_ROWS)
        while full_disk.delete(database, partial(_clear_some, identity=identity, some=some)):
            show_life()
        show_life()


def _clear_some(session: Session, identity: str, some: Select[str]) -> bool:
    """Remove some drawings of an import; return whether there are more."""
    ids = session.scalars(some, execution_options=UNFINISHED_TOO).all()
    those = delete(Drawing).where(Drawing.id.in_(ids))
    session.execute(those, execution_options=UNFINISHED_TOO)
    if len(ids) == _CLEARED_ROWS:
        return True
    session.execute(update(Import).where(Import.id == identity).values(is_cleared=True))
    return False


def end_all(session: Session, error: str) -> None:
    """Let all imports that run or wait fail, within a transaction."""
    _fail(session, Import.state.in_(LIVE), "cancelled", error)


class Staging:
    """The right to work on an import. Its writes fail once the import has ended."""

    def __init__(self, database: Database, identity: str, who: str, file: str) -> None:
        self._database = database
        self._who = who
        self.id = identity
        self.file = file
        self._is_mine = (Import.id == identity) & Import.state.in_(LIVE)

    def begin(self) -> bool:
        """Start, unless another import is running; either way this is a sign of life.

        Raises `ImportEnded`.
        """
        try:
            with self._database.writing() as session:
                _mark_lost(session)
                self._change(session, state=ImportStatus.RUNNING, slot=1)
        except IntegrityError:  # the slot is taken
            self.beat()
            return False
        return True

    def beat(self) -> None:
        """Give a sign of life. Raises `ImportEnded`."""
        with self._database.writing() as session:
            self._change(session)

    def stage(self, drawings: Sequence[dict[str, Any]], **progress: Any) -> None:
        """Add drawings, invisible for now, and the progress. Raises `ImportEnded`.

        `drawings` are columns as `webapp.storage.drawings.row` makes them. Those that are there
        already are left as they are.
        """
        with self._database.writing() as session:
            self._change(session, **progress)
            if drawings:
                # One dialect alone is imported, and by those who import: each is 30 modules.
                dialect = import_module(f"sqlalchemy.dialects.{session.get_bind().dialect.name}")
                new = dialect.insert(Drawing).on_conflict_do_nothing()
                session.execute(new, [each | {"import_id": self.id} for each in drawings])

    def finish(self, read: int, empty: int) -> None:
        """Make all drawings visible. `read` is their number in the file, without `empty` ones.

        Raises `ImportEnded`.
        """
        mine = select(func.count()).select_from(Drawing).where(Drawing.import_id == self.id)
        with self._database.writing() as session:
            self._change(session)
            kept = session.scalar(mine, execution_options=UNFINISHED_TOO) or 0
            counts = {"kept": kept, "known": read - kept, "empty": empty}
            ended = {"state": ImportStatus.DONE, "slot": None, "ended": now(), "share": 1.0}
            self._change(session, **ended, **counts)
            audit.record(session, self._who, "imported", file=self.file, **counts)

    def fail(self, code: str, error: str) -> None:
        """End without any drawing; `clear` removes those that were staged."""
        full_disk.write(self._database, lambda session: _fail(session, self._is_mine, code, error))

    def _change(self, session: Session, **values: Any) -> None:
        statement = update(Import).where(self._is_mine).values(heartbeat=now(), **values)
        if session.execute(statement.returning(Import.id)).one_or_none() is None:
            raise ImportEnded(self.id)


def _fail(session: Session, those: ColumnElement[bool], code: str, error: str) -> None:
    failed = {"state": ImportStatus.FAILED, "slot": None, "ended": now()}
    statement = update(Import).where(those).values(**failed, code=code, error=error)
    session.execute(statement)


def _mark_lost(session: Session) -> None:
    lost = {"state": ImportStatus.LOST, "slot": None, "ended": last_sign(Import)}
    error = "the process that imported it ended"
    session.execute(update(Import).where(_is_lost()).values(**lost, code="lost", error=error))


def _is_lost() -> ColumnElement[bool]:
    return Import.state.in_(LIVE) & is_silent(Import)


def _is_uncleared() -> ColumnElement[bool]:
    return Import.state.in_(_ENDED_BADLY) & ~Import.is_cleared
