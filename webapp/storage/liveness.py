"""The rule for lost work: whoever does it has sent no heartbeat for too long."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import Session

from webapp.storage import full_disk
from webapp.storage.database import Database, DatabaseUnavailable
from webapp.storage.lessons import Lesson
from webapp.storage.tables import Import, Run, now

log = logging.getLogger(__name__)

LOST_AFTER = timedelta(seconds=15)
"""A run, a lesson or an import without a heartbeat for this long is lost. Whoever works on one
sends a heartbeat at least every second."""


def is_silent(table: type[Run | Import | Lesson]) -> ColumnElement[bool]:
    """SQL condition: the last sign of life is too old."""
    return last_sign(table) < now() - LOST_AFTER


def last_sign(table: type[Run | Import | Lesson]) -> ColumnElement[Any]:
    """SQL expression: the time of the last heartbeat, or of the request."""
    return func.coalesce(table.heartbeat, table.created)


def mark_lost(
    database: Database, is_lost: ColumnElement[bool], mark: Callable[[Session], None]
) -> None:
    """Call `mark` in a transaction if there is a row that is lost.

    A database that can be read but not written, for now, keeps nobody from looking at the rows.
    """
    with database.reading() as session:
        if not session.scalar(select(exists().where(is_lost))):
            return
    try:
        full_disk.write(database, mark)
    except DatabaseUnavailable as error:
        log.error("what is lost could not be marked yet: %s", error)
