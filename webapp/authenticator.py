"""Verifies administrators' credentials: the password and the API token."""

from __future__ import annotations

import hashlib
import hmac

from werkzeug.security import check_password_hash

from webapp.settings import Settings


class Authenticator:
    """Verifies credentials against those in the settings."""

    def __init__(self, settings: Settings, secret: str) -> None:
        self._plain = settings.admin_password
        self._hash = settings.admin_password_hash
        self._token = settings.admin_token
        configured = self._hash or self._plain
        self.key = hmac.new(secret.encode(), configured.encode(), hashlib.sha256).hexdigest()[:16]
        """Identifies the password without revealing it; a session with another key is invalid."""

    def verify_password(self, password: str) -> bool:
        """Whether this is the password; the hash takes precedence. False if none is configured."""
        if self._hash:
            return check_password_hash(self._hash, password)
        return bool(self._plain) and hmac.compare_digest(password.encode(), self._plain.encode())

    def verify_token(self, token: str) -> bool:
        """Whether this is the API token. False if none is configured."""
        return bool(self._token) and hmac.compare_digest(token.encode(), self._token.encode())
