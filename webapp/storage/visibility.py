"""Hides the drawings of imports that are not done: from reviews, exports, counts and training."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, event, select
from sqlalchemy.orm import ORMExecuteState, Session, with_loader_criteria

from webapp.storage.tables import Drawing, Import, ImportStatus

UNFINISHED_TOO: dict[str, Any] = {"unfinished_too": True}
"""Execution options of a statement that is to see all drawings."""


class VisibleSession(Session):
    """A session that does not see the drawings of unfinished imports.

    Each select, update and delete of drawings is restricted, so that no query can forget it.
    """


def is_visible() -> ColumnElement[bool]:
    """SQL condition: the drawing is not part of an import that is running, failed or lost."""
    done = select(Import.id).where(Import.state == ImportStatus.DONE)
    return Drawing.import_id.is_(None) | Drawing.import_id.in_(done)


@event.listens_for(VisibleSession, "do_orm_execute")
def _restrict(state: ORMExecuteState) -> None:
    if state.is_insert or state.is_column_load or state.is_relationship_load:
        return
    if not state.execution_options.get("unfinished_too"):
        state.statement = state.statement.options(with_loader_criteria(Drawing, is_visible()))
