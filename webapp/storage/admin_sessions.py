"""The open sessions of administrators, for all processes; cookies carry only their ids."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from sqlalchemy import delete, or_
from sqlalchemy.orm import Session

from webapp.storage.tables import AdminSession, now


def open_session(session: Session, password: str, lifetime: timedelta) -> str:
    """Open a session; return its id. `password` is the key of the password that was given.

    Sessions that ended otherwise, by time or a new password, are deleted.
    """
    ended = or_(AdminSession.since < now() - lifetime, AdminSession.password != password)
    session.execute(delete(AdminSession).where(ended))
    identity = secrets.token_urlsafe(32)
    session.add(AdminSession(id=_hashed(identity), password=password, since=now()))
    return identity


def is_open(session: Session, identity: str, password: str, lifetime: timedelta) -> bool:
    """Whether this session was opened with the current password, and has not ended since."""
    found = session.get(AdminSession, _hashed(identity))
    return found is not None and found.password == password and now() - found.since <= lifetime


def close_session(session: Session, identity: str) -> None:
    """End a session, whatever copies of its cookie there are."""
    session.execute(delete(AdminSession).where(AdminSession.id == _hashed(identity)))


def _hashed(identity: str) -> str:
    return hashlib.sha256(identity.encode()).hexdigest()
