"""What SQLite's errors point to: a damaged file, or a full disk."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing

_STEPS = 100_000  # of SQLite's virtual machine between two looks at the clock: some milliseconds
_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_FULL = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE)


def points_to_damage(error: BaseException | None) -> bool:
    """Whether SQLite met something that cannot be in a sound file."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGE  # the rest is for details


def points_to_full_disk(error: BaseException | None) -> bool:
    """Whether SQLite had no room for its files."""
    return getattr(error, "sqlite_errorcode", 0) in _FULL


def damage_of(file: str, seconds: float) -> str:
    """The first damage in a file; empty if none was found within that time.

    A connection of its own, as others may have sound pages in memory.
    """
    until = time.monotonic() + seconds
    try:
        with closing(sqlite3.connect(file, timeout=seconds)) as connection:
            connection.set_progress_handler(lambda: time.monotonic() > until, _STEPS)
            found: str = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.DatabaseError as error:
        return str(error) if points_to_damage(error) else ""
    return "" if found == "ok" else f"the file is damaged: {found}"
