"""Writes to SQLite that lead to room on a full disk: even a deletion needs some, for its journal.

A file beside the database holds that room in reserve. PostgreSQL needs none of this: it stops
before its disk is full to the last byte, and its administrator makes room.
"""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.orm import Session

from webapp.storage.database import Database, DatabaseUnavailable
from webapp.storage.integrity import points_to_full_disk

log = logging.getLogger(__name__)

T = TypeVar("T")

RESERVE_BYTES = 4 << 20
"""Deleting all drawings at once writes a page of 4 kB for each 4 MB of them, and a few more."""

_FOR_DELETIONS = 3 << 20  # of the reserve; a client who may not delete must not use it up
_STEP = 64 << 10
_ALLOCATED_AT_ONCE = 16 << 10
_REWRITTEN_IN_MEMORY = 32 << 20  # bytes; versions alone may take more
_BLOCK = 512  # of st_blocks
_SUFFIX = ".reserve"


def keep_reserve(database: Database) -> None:
    """Allocate what is missing of the reserve, as far as the disk has room for it."""
    file = _reserve(database)
    if file is None:
        return
    if _size(database) >= RESERVE_BYTES:
        return
    try:
        with file.open("ab") as reserve:
            for start in range(0, RESERVE_BYTES, _ALLOCATED_AT_ONCE):
                os.posix_fallocate(reserve.fileno(), start, _ALLOCATED_AT_ONCE)
    except OSError as error:
        log.warning("less room is held in reserve for deleting on a full disk: %s", error)


def upgrade(database: Database) -> None:
    """Upgrade the schema to the newest revision, on a full disk too, and make the reserve.

    Opening a database needs some room: the files beside it are gone after a clean stop.
    """
    _in_small_steps(database, database.upgrade)
    keep_reserve(database)


def write(database: Database, action: Callable[[Session], T]) -> T:
    """Run an action in a transaction, on a full disk too; return its result.

    It is for what comes before a deletion, as signing in does. On a full disk it gets a small part
    of the reserve, in steps, as others may use what is released.
    """

    def run() -> T:
        with database.writing() as session:
            return action(session)

    result = _in_small_steps(database, run)
    keep_reserve(database)
    return result


def delete(database: Database, action: Callable[[Session], T]) -> T:
    """Run an action that makes room in a transaction, on a full disk too; return its result.

    If the disk is full, the reserve is used, and the action run again.
    """
    try:
        with database.writing() as session:
            result = action(session)
    except DatabaseUnavailable as error:
        if not points_to_full_disk(error.orig):
            raise
        log.warning("the disk is full: making room with what is in reserve")
        _release(database, down_to=0)
        with database.writing() as session:
            # It would write each page that is freed.
            session.connection().exec_driver_sql("PRAGMA secure_delete = OFF")
            result = action(session)
    keep_reserve(database)
    return result


def shrink(database: Database) -> None:
    """Return the room of deleted rows to the file system, as far as it works; keep the reserve.

    The rest of the database is rewritten, so this is for after the deletion of all drawings.
    """
    if database.engine.dialect.name != "sqlite":
        return
    connection = database.engine.raw_connection()
    try:
        cursor = connection.cursor()
        if _used(cursor) <= _REWRITTEN_IN_MEMORY:
            cursor.execute("PRAGMA temp_store = MEMORY")  # the disk of temporary files may be full
        for statement in ("VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"):
            cursor.execute(statement).fetchall()
    except sqlite3.OperationalError as error:
        log.warning("the database could not be shrunk: %s", error)
    finally:
        connection.invalidate()  # with its settings
        connection.close()
    keep_reserve(database)


def _used(cursor: DBAPICursor) -> int:
    """Bytes of the database that hold something."""
    size, pages, free = (
        cursor.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("page_size", "page_count", "freelist_count")
    )
    return int(size * (pages - free))


def _in_small_steps(database: Database, action: Callable[[], T]) -> T:
    """Run an action, and as long as the disk is full, release some of the reserve and run again."""
    while True:
        try:
            return action()
        except DatabaseUnavailable as error:
            size = _size(database)
            if not points_to_full_disk(error.orig) or size <= _FOR_DELETIONS:
                raise
            log.warning("the disk is full: using %d kB of what is in reserve", _STEP >> 10)
            if not _release(database, down_to=max(size - _STEP, _FOR_DELETIONS)):
                raise


def _size(database: Database) -> int:
    """Bytes of the reserve. Two that release at once can leave a hole in it, which is no room."""
    file = _reserve(database)
    try:
        return file.stat().st_blocks * _BLOCK if file else 0
    except OSError:
        return 0


def _release(database: Database, down_to: int) -> bool:
    """Give back what the reserve holds beyond these bytes; return whether that worked."""
    file = _reserve(database)
    if file is None:
        return False
    try:
        os.truncate(file, down_to)
    except OSError as error:
        log.error("what is in reserve on the disk could not be used: %s", error)
        return False
    return True


def _reserve(database: Database) -> Path | None:
    url = make_url(database.url)
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        return None
    return Path(url.database + _SUFFIX)
