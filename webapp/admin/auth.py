"""Authentication of administrators: a session by password, or a bearer token for scripts."""

from __future__ import annotations

import math
import time
from datetime import timedelta
from http import HTTPStatus
from typing import Literal

from flask import (
    Blueprint,
    Flask,
    current_app,
    g,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from webapp.http.errors import Problem
from webapp.http.json import wants_json
from webapp.http.rate_limit import RateLimiter
from webapp.services import services
from webapp.storage import audit

blueprint = Blueprint("login", __name__)

SESSION_SECONDS = 12 * 3600
ATTEMPTS = 10
"""Limit of login attempts: wrong passwords per client within `_PERIOD`."""

_PERIOD = timedelta(minutes=15)
_SAFE = {"GET", "HEAD", "OPTIONS"}
_ADMIN = "admin"
_LOGIN, _DASHBOARD = "admin.login.form", "admin.dashboard.overview"
_OPEN = {_LOGIN, "admin.login.enter"}


def init_app(app: Flask) -> None:
    """Require authentication for everything under /admin.

    Call it before the CSRF check is set up: clients that are not signed in get 401, with or without
    a CSRF token.
    """
    app.before_request(_guard)
    app.context_processor(lambda: {"signed_in": _signed_in() == "session"})


def can_be_forged() -> bool:
    """Whether another site could have made the browser send this request.

    Not with a bearer token: browsers attach cookies by themselves, but never a token.
    """
    return g.get("admin") != "token"


def _guard() -> Response | None:
    """Reject clients that are not signed in, for every method and before any 404 or 405."""
    if not (request.path + "/").startswith("/admin/") or request.endpoint in _OPEN:
        return None
    g.admin = _signed_in()
    if g.admin:
        return None
    if request.method in _SAFE and request.accept_mimetypes.accept_html and not wants_json():
        return redirect(url_for(_LOGIN))
    raise Problem(HTTPStatus.UNAUTHORIZED, "unauthorized", "Sign in, or send the API token")


def _signed_in() -> Literal["session", "token"] | None:
    """How the client of the current request is authenticated, if it is."""
    authenticator = services().authenticator
    scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and authenticator.verify_token(token.strip()):
        return "token"
    opened = session.get(_ADMIN)
    if (
        not opened
        or opened["key"] != authenticator.key
        or time.time() - opened["since"] > SESSION_SECONDS
    ):
        return None
    return "session"


@blueprint.get("/login")
def form() -> str | Response:
    """The login page."""
    return redirect(url_for(_DASHBOARD)) if _signed_in() else _page("")


@blueprint.post("/login")
def enter() -> Response | tuple[str, int]:
    """Sign in, unless the client has reached the limit of login attempts."""
    authenticator = services().authenticator
    address = request.remote_addr or ""
    limiter = RateLimiter("logins", ATTEMPTS, _PERIOD, str(current_app.secret_key))
    with services().database.writing() as transaction:
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
    return redirect(url_for(_DASHBOARD))


@blueprint.post("/logout")
def leave() -> Response:
    """Sign out."""
    session.pop(_ADMIN, None)
    return redirect(url_for("pages.draw"))


def _page(sentence: str) -> str:
    return render_template("admin/login.html", sentence=sentence)
