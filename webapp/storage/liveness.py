"""The rule for lost work: whoever does it has sent no heartbeat for too long."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, func

from webapp.storage.tables import Import, Run, now

LOST_AFTER = timedelta(seconds=15)
"""A run or an import without a heartbeat for this long is lost. Whoever works on one sends a
heartbeat at least every second."""


def is_silent(table: type[Run | Import]) -> ColumnElement[bool]:
    """SQL condition: the last sign of life is too old."""
    return last_sign(table) < now() - LOST_AFTER


def last_sign(table: type[Run | Import]) -> ColumnElement[Any]:
    """SQL expression: the time of the last heartbeat, or of the request."""
    return func.coalesce(table.heartbeat, table.created)
