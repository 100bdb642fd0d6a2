"""Security headers: pages may load from and connect to this site only."""

from __future__ import annotations

from collections.abc import Collection

from flask import Flask, Request, Response, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin

_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data: blob:",
    "connect-src": "'self'",
    "manifest-src": "'self'",
    "worker-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
}

_HEADERS = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(), microphone=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


class _Sessions(SecureCookieSessionInterface):
    """Signed session cookies, marked `Secure` if the request came over TLS."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """The session of a request; an empty one, without making a signer, if it has no cookie."""
        if self.get_cookie_name(app) not in request.cookies:
            return self.session_class()
        return super().open_session(app, request)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Set or delete the cookie; a session that nobody looked at is left alone."""
        if session.accessed or session.modified:
            super().save_session(app, session, response)

    def get_cookie_path(self, _app: Flask) -> str:
        """The site's path: others may be on the same host."""
        return request.script_root or "/"

    def get_cookie_secure(self, _app: Flask) -> bool:
        return request.is_secure


def init_app(app: Flask, framed: Collection[str], ancestors: Collection[str]) -> None:
    """Add the security headers to every response, and harden session cookies.

    Pages of the origins `ancestors` may frame the endpoints `framed`; nobody may frame others.
    """
    app.session_interface = _Sessions()
    app.config.update(SESSION_COOKIE_SAMESITE="Lax", SESSION_COOKIE_HTTPONLY=True)
    policy, framed_policy = _policy(()), _policy(ancestors)

    @app.after_request
    def add_headers(response: Response) -> Response:
        response.headers.extend(_HEADERS)
        is_framed = request.endpoint in framed
        response.headers["Content-Security-Policy"] = framed_policy if is_framed else policy
        return response


def _policy(ancestors: Collection[str]) -> str:
    policy = _POLICY | {"frame-ancestors": " ".join(ancestors) or "'none'"}
    return "; ".join(f"{name} {value}" for name, value in policy.items())
