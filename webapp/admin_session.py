"""The administrator's session in the cookie of a request."""

from __future__ import annotations

from datetime import timedelta

from flask import session

from webapp.services import services
from webapp.storage import admin_sessions

SECONDS = 12 * 3600
LIFETIME = timedelta(seconds=SECONDS)

KEY = "admin"
"""Key of the session's id in the cookie."""


def identity() -> str:
    """The id of the administrator's session in the cookie; empty if there is none."""
    found = session.get(KEY)
    return found if isinstance(found, str) else ""  # cookies of earlier versions held an object


def is_open() -> bool:
    """Whether there is a session in the cookie, and it is open, by the database."""
    if not identity():
        return False
    with services().database.reading() as transaction:
        key = services().authenticator.key
        return admin_sessions.is_open(transaction, identity(), key, LIFETIME)
