"""Writes to SQLite that make room on a full disk: even a deletion needs some, for its journal.

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
from sqlalchemy.orm import Session

from webapp.storage.database import Database, DatabaseUnavailable

log = logging.getLogger(__name__)

T = TypeVar("T")

RESERVE_BYTES = 4 << 20
"""Deleting all drawings at once writes a page of 4 kB for each 4 MB of them, and a few more."""

_SUFFIX = ".reserve"
_FULL = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE}


def keep_reserve(database: Database) -> None:
    """Allocate the reserve unless it is there. A disk that is full already has none."""
    file = _reserve(database)
    if file is None or file.exists():
        return
    try:
        with file.open("xb") as reserve:
            os.posix_fallocate(reserve.fileno(), 0, RESERVE_BYTES)
    except FileExistsError:  # another process made it
        pass
    except OSError as error:
        log.warning("no room is held in reserve for deleting on a full disk: %s", error)
        file.unlink(missing_ok=True)


def write(database: Database, action: Callable[[Session], T]) -> T:
    """Run an action that makes room in a transaction, on a full disk too; return its result.

    If the disk is full, the reserve is used, and the action run again.
    """
    try:
        with database.writing() as session:
            return action(session)
    except DatabaseUnavailable as error:
        if not _is_full(error):
            raise
        log.warning("the disk is full: making room with what is in reserve")
    file = _reserve(database)
    if file is not None:
        file.unlink(missing_ok=True)
    with database.writing() as session:
        session.connection().exec_driver_sql("PRAGMA secure_delete = OFF")  # it writes every page
        return action(session)


def shrink(database: Database) -> None:
    """Return the room of deleted rows to the file system, as far as it works; keep the reserve.

    The rest of the database is rewritten, so this is for after the deletion of all drawings.
    """
    if database.engine.dialect.name != "sqlite":
        return
    connection = database.engine.raw_connection()
    try:
        cursor = connection.cursor()
        cursor.execute("PRAGMA temp_store = MEMORY")  # the disk of temporary files may be full too
        for statement in ("VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"):
            cursor.execute(statement).fetchall()
    except sqlite3.OperationalError as error:
        log.warning("the database could not be shrunk: %s", error)
    finally:
        connection.invalidate()  # with its settings
        connection.close()
    keep_reserve(database)


def _reserve(database: Database) -> Path | None:
    url = make_url(database.url)
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        return None
    return Path(url.database + _SUFFIX)


def _is_full(error: DatabaseUnavailable) -> bool:
    return getattr(error.orig, "sqlite_errorcode", None) in _FULL
