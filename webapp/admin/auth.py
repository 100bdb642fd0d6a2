"""Who may come in: by password and session, or by token; and what keeps others out."""

from __future__ import annotations

import hashlib
import hmac
import math
import time
from datetime import timedelta
from http import HTTPStatus
from typing import Literal

from flask import Blueprint, Flask, current_app, g, redirect, render_template, request, session
from flask_babel import gettext as _
from flask_wtf.csrf import generate_csrf, validate_csrf
from werkzeug.security import check_password_hash
from werkzeug.wrappers import Response
from wtforms.validators import ValidationError

from webapp.http.errors import Problem
from webapp.http.rate_limit import RateLimiter
from webapp.services import EXTENSION, services
from webapp.settings import Settings
from webapp.storage import audit

blueprint = Blueprint("login", __name__)

SESSION_SECONDS = 12 * 3600
ATTEMPTS = 10
"""Wrong passwords of one client in a quarter of an hour."""

_SPAN = timedelta(minutes=15)
_OPEN = {"/admin/login"}
_SAFE = {"GET", "HEAD", "OPTIONS"}
_ADMIN = "admin"


class Authenticator:
    """Knows the password, in plain or as a hash, and the token."""

    def __init__(self, settings: Settings, secret: str) -> None:
        self._plain = settings.admin_password
        self._hash = settings.admin_password_hash
        self._token = settings.admin_token
        known = self._hash or self._plain
        self.key = hmac.new(secret.encode(), known.encode(), hashlib.sha256).hexdigest()[:16]
        """Names the password without telling it, so that a new one ends all sessions."""

    def verify_password(self, password: str) -> bool:
        if self._hash:
            return check_password_hash(self._hash, password)
        return bool(self._plain) and hmac.compare_digest(password.encode(), self._plain.encode())

    def verify_token(self, token: str) -> bool:
        return bool(self._token) and hmac.compare_digest(token.encode(), self._token.encode())


def init_app(app: Flask) -> None:
    app.extensions["authenticator"] = Authenticator(
        app.extensions[EXTENSION].settings, str(app.secret_key)
    )
    app.config["WTF_CSRF_TIME_LIMIT"] = SESSION_SECONDS
    app.before_request(_guard)
    app.context_processor(lambda: {"signed_in": _signed_in() == "session", "csrf": generate_csrf})


def _guard() -> Response | None:
    """Let nobody under /admin who is not signed in: for all methods, and before any 404 or 405."""
    if not (request.path + "/").startswith("/admin/") or request.path in _OPEN:
        return None
    by = _signed_in()
    if by is None:
        wants_page = request.method in _SAFE and request.accept_mimetypes.accept_html
        if wants_page and not request.path.startswith("/admin/api/"):
            return redirect("/admin/login")
        raise Problem(HTTPStatus.UNAUTHORIZED, "unauthorized", "Sign in, or send the admin's token")
    if by == "session" and request.method not in _SAFE:
        _check_csrf()
    g.admin = by
    return None


def _signed_in() -> Literal["session", "token"] | None:
    authenticator: Authenticator = current_app.extensions["authenticator"]
    scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and authenticator.verify_token(token.strip()):
        return "token"
    known = session.get(_ADMIN)
    if (
        not known
        or known["key"] != authenticator.key
        or time.time() - known["since"] > SESSION_SECONDS
    ):
        return None
    return "session"


def _check_csrf() -> None:
    given = request.headers.get("X-CSRF-Token") or request.form.get("csrf_token")
    try:
        validate_csrf(given)
    except ValidationError as error:
        raise Problem(
            HTTPStatus.BAD_REQUEST, "csrf", "This form is too old; load the page again"
        ) from error


@blueprint.get("/login")
def form() -> str | Response:
    """Ask for the password."""
    return redirect("/admin/") if _signed_in() else _page("")


@blueprint.post("/login")
def enter() -> Response | tuple[str, int]:
    """Open a session, unless too many wrong passwords came from there."""
    _check_csrf()
    authenticator: Authenticator = current_app.extensions["authenticator"]
    database = services().database
    address = request.remote_addr or ""
    limiter = RateLimiter("logins", ATTEMPTS, _SPAN, str(current_app.secret_key))
    with database.writing() as transaction:
        if wait := limiter.retry_after(transaction, address):
            minutes = math.ceil(wait.total_seconds() / 60)
            sentence = _("Too many wrong passwords. Wait %(minutes)s minutes.", minutes=minutes)
            return _page(sentence), HTTPStatus.TOO_MANY_REQUESTS
        if not authenticator.verify_password(request.form.get("password", "")):
            limiter.hit(transaction, address)
            audit.record(transaction, address, "login refused")
            return _page(_("That is not the password.")), HTTPStatus.UNAUTHORIZED
        audit.record(transaction, address, "login")
    session[_ADMIN] = {"key": authenticator.key, "since": time.time()}
    return redirect("/admin/")


@blueprint.post("/logout")
def leave() -> Response:
    session.pop(_ADMIN, None)
    return redirect("/")


def _page(sentence: str) -> str:
    return render_template("admin/login.html", sentence=sentence)
