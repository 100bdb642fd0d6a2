"""Verifies credentials: the administrators' password and API token, and the tokens of classes."""

from __future__ import annotations

import hashlib
import hmac
import threading

from werkzeug.security import check_password_hash

from webapp.settings import Settings

_AT_ONCE = 2  # hashings; each takes a core for a tenth of a second, and 32 MB
_WAITING = 2  # further guesses; more would hold the threads that others need


class TooManyAtOnce(Exception):
    """Other passwords are being verified; this one was not."""


class Authenticator:
    """Verifies credentials against those in the settings."""

    def __init__(self, settings: Settings, secret: str) -> None:
        self._plain = settings.admin_password
        self._hash = settings.admin_password_hash
        self._token = settings.admin_token
        self._guesses = threading.BoundedSemaphore(_AT_ONCE + _WAITING)
        self._hashings = threading.BoundedSemaphore(_AT_ONCE)
        configured = self._hash or self._plain
        self.key = hmac.new(secret.encode(), configured.encode(), hashlib.sha256).hexdigest()[:16]
        """Identifies the password without revealing it; a session with another key is invalid."""
        self._classes = {
            hmac.new(secret.encode(), token.encode(), hashlib.sha256).hexdigest()[:32]: token
            for token in settings.classes
        }

    def verify_password(self, password: str) -> bool:
        """Whether this is the password; the hash takes precedence. False if none is configured.

        Hashing takes long: call it outside any transaction. Raises `TooManyAtOnce`.
        """
        if not self._hash:
            return bool(self._plain) and _equal(password, self._plain)
        if not self._guesses.acquire(blocking=False):
            raise TooManyAtOnce
        try:
            with self._hashings:
                return check_password_hash(self._hash, password)
        finally:
            self._guesses.release()

    def verify_token(self, token: str) -> bool:
        """Whether this is the API token. False if none is configured."""
        return bool(self._token) and _equal(token, self._token)

    @property
    def has_classes(self) -> bool:
        """Whether there are tokens of classes."""
        return bool(self._classes)

    def class_of(self, token: str) -> str | None:
        """The key of the class with this token, which does not reveal it; None for a wrong one."""
        found = [key for key, known in self._classes.items() if _equal(token, known)]
        return found[0] if found else None

    def is_class(self, key: str) -> bool:
        """Whether a class has this key: its token has not been taken away since."""
        return key in self._classes


def _equal(given: str, expected: str) -> bool:
    """Compare in a time that does not depend on where the two differ."""
    return hmac.compare_digest(given.encode(), expected.encode())
