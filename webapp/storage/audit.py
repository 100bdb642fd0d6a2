"""The audit log: who did what, and when."""

from __future__ import annotations

import logging

from sqlalchemy import delete, event, select
from sqlalchemy.orm import Session

from webapp.logs import fields
from webapp.storage.tables import AuditEntry, now

log = logging.getLogger(__name__)

_PENDING = "audit"
_REFUSALS_KEPT = 1_000
_NOT_LOGGED = {"label"}  # what people drew is in the database alone, where it expires


def record(session: Session, who: str, what: str, **details: object) -> None:
    """Add an entry in the transaction of the action that it records."""
    session.add(AuditEntry(at=now(), who=who, what=what, details=details))
    session.info.setdefault(_PENDING, []).append((who, what, details))


@event.listens_for(Session, "after_commit")
def _log(session: Session) -> None:
    """Log the entries of a transaction once it is committed: only then have they happened."""
    if session.in_nested_transaction():
        return
    for who, what, details in session.info.pop(_PENDING, ()):
        shown = {name: value for name, value in details.items() if name not in _NOT_LOGGED}
        told = " ".join(f"{name}={value!r}" for name, value in shown.items())
        log.info("%s: %s %s", who, what, told, extra=fields(who=who, what=what, details=shown))


def record_refusal(session: Session, who: str, what: str) -> None:
    """The same for a refused attempt, of which only the newest 1,000 with this `what` are kept.

    Anybody can be refused any number of times, and must not fill the table by that.
    """
    record(session, who, what)
    session.flush()
    mine = AuditEntry.what == what
    newest = select(AuditEntry.id).where(mine).order_by(AuditEntry.id.desc())
    last_kept = newest.offset(_REFUSALS_KEPT - 1).limit(1).scalar_subquery()
    session.execute(
        delete(AuditEntry)
        .where(mine, AuditEntry.id < last_kept)
        .execution_options(synchronize_session=False)
    )
