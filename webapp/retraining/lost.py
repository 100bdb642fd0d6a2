"""Marks all work whose process is silent as lost: runs, lessons and imports."""

from __future__ import annotations

import logging

from sqlalchemy.exc import SQLAlchemyError

from webapp.logs import one_line
from webapp.retraining import lessons, runs
from webapp.retraining.claim import is_lost
from webapp.storage import imports, liveness
from webapp.storage.database import Database
from webapp.storage.tables import Run

log = logging.getLogger(__name__)


def mark_all(database: Database) -> None:
    """Mark what is silent, by the rule that pages have; a database that is away is only logged.

    It costs a query for each kind of work, and a transaction only where something is lost.
    """
    try:
        liveness.mark_lost(database, is_lost(Run), runs.mark_lost)
        lessons.mark_lost(database)
        imports.mark_lost(database)
    except SQLAlchemyError as error:
        log.error("what is lost could not be looked for: %s", one_line(error))
