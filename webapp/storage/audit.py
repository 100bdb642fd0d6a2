"""The audit log: who did what, and when."""

from __future__ import annotations

import logging

from sqlalchemy.orm import Session

from webapp.storage.tables import AuditEntry, now

log = logging.getLogger(__name__)


def record(session: Session, who: str, what: str, **details: object) -> None:
    """Add an entry in the transaction of the action that it records."""
    session.add(AuditEntry(at=now(), who=who, what=what, details=details))
    log.info("audit: %s: %s %s", who, what, details)
