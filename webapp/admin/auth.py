"""Authentication of administrators: a session by password, or a bearer token for scripts."""

from __future__ import annotations

import math
from datetime import timedelta
from http import HTTPStatus
from typing import Literal

from flask import (
    Blueprint,
    Flask,
    g,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from webapp import admin_session
from webapp.authenticator import TooManyAtOnce
from webapp.http.client import bearer_token, client_address, client_network
from webapp.http.errors import Problem
from webapp.http.json import wants_json
from webapp.services import services
from webapp.storage import admin_sessions, audit, full_disk
from webapp.threads import Lane, in_thread

blueprint = Blueprint("login", __name__)

_SAFE = {"GET", "HEAD", "OPTIONS"}
_LOGIN, _DASHBOARD = "admin.login.form", "admin.dashboard.overview"
_OPEN = {_LOGIN, "admin.login.enter"}


def init_app(app: Flask) -> None:
    """Require authentication for everything under /admin.

    Call it before the CSRF check is set up: clients that are not signed in get 401, with or without
    a CSRF token.
    """
    app.before_request(_guard)
    app.context_processor(lambda: {"signed_in": _seems_signed_in()})


def can_be_forged() -> bool:
    """Whether another site could have made the browser send this request.

    Not with a bearer token: browsers attach cookies by themselves, but never a token.
    """
    return g.get("admin") != "token"


def is_still_signed_in() -> bool:
    """Whether the client of a response that goes on for long has not signed out meanwhile."""
    return g.admin == "token" or admin_session.is_open()


def _guard() -> Response | None:
    """Reject clients that are not signed in, for every method and before any 404 or 405."""
    if not (request.path + "/").startswith("/admin/"):
        return None
    g.admin = in_thread(Lane.DATABASE, _authenticated)
    if g.admin or request.endpoint in _OPEN:
        return None
    # Only for those who ask for pages: a script that follows would take the form for its answer.
    asks_for_page = "text/html" in request.accept_mimetypes.values()
    if request.method in _SAFE and asks_for_page and not wants_json():
        return redirect(url_for(_LOGIN))
    raise Problem(HTTPStatus.UNAUTHORIZED, "unauthorized", "Sign in, or send the API token")


def _authenticated() -> Literal["session", "token"] | None:
    """How the client of the current request is authenticated, if it is.

    Raises `Problem` for a wrong token, whatever else was sent.
    """
    token = bearer_token(request)
    if token is not None:
        _verify_token(token)
        return "token"
    if not admin_session.identity():
        return None
    if admin_session.is_open():
        return "session"
    session.pop(admin_session.KEY)
    return None


def _verify_token(token: str) -> None:
    """Raise `Problem` for a wrong API token, and for any from a client that guessed too often.

    The right one is not counted, as a script may send many requests at once.
    """
    database, guesses, client = services().database, services().limits.guesses, _client()
    if services().authenticator.verify_token(token):
        with database.reading() as transaction:
            wait = guesses.retry_after(transaction, client)
    else:
        with database.writing() as transaction:
            wait = guesses.hit(transaction, client)
            if not wait:
                audit.record_refusal(transaction, client_address(request), "token refused")
        if not wait:
            problem = Problem(HTTPStatus.UNAUTHORIZED, "unauthorized", "This is not the API token")
            problem.headers["WWW-Authenticate"] = 'Bearer error="invalid_token"'
            raise problem
    if wait:
        problem = Problem(
            HTTPStatus.TOO_MANY_REQUESTS, "too_many_guesses", "Too many wrong tokens or passwords"
        )
        problem.headers["Retry-After"] = _seconds(wait)
        raise problem


def _seems_signed_in() -> bool:
    """Whether pages link to the admin area: without asking the database on public pages."""
    return g.admin == "session" if "admin" in g else admin_session.KEY in session


@blueprint.get("/login")
def form() -> str | Response:
    """The login page."""
    return redirect(url_for(_DASHBOARD)) if g.admin else _page("")


@blueprint.post("/login")
def enter() -> Response | tuple[str, int] | tuple[str, int, dict[str, str]]:
    """Sign in, unless the client has reached the limit of wrong passwords.

    A guess is counted before it is verified, so that many at once are no more than the limit.
    """
    database, authenticator = services().database, services().authenticator
    guesses, client, address = services().limits.guesses, _client(), client_address(request)
    # Whoever comes to make room on a full disk must be let in.
    wait = full_disk.write(database, lambda transaction: guesses.hit(transaction, client))
    if wait:
        minutes = math.ceil(wait.total_seconds() / 60)
        sentence = _("Too many wrong passwords. Wait %(minutes)s minutes.", minutes=minutes)
        headers = {"Retry-After": _seconds(wait)}
        return *_refused(sentence, HTTPStatus.TOO_MANY_REQUESTS, "too_many_requests"), headers
    try:
        is_right = authenticator.verify_password(request.form.get("password", ""))
    except TooManyAtOnce:
        with database.writing() as transaction:
            guesses.release(transaction, client)
        sentence = _("Several people are signing in just now. Please try again in a moment.")
        return _refused(sentence, HTTPStatus.SERVICE_UNAVAILABLE, "overloaded")
    if not is_right:
        with database.writing() as transaction:
            audit.record_refusal(transaction, address, "login refused")
        sentence = _("That is not the password.")
        return _refused(sentence, HTTPStatus.UNAUTHORIZED, "unauthorized")

    def open_session(transaction: Session) -> str:
        guesses.release(transaction, client)
        audit.record(transaction, address, "login")
        return admin_sessions.open_session(transaction, authenticator.key, admin_session.LIFETIME)

    identity = full_disk.write(database, open_session)
    session.clear()  # nothing of the anonymous session, which somebody else may know, goes on
    session[admin_session.KEY] = identity
    return redirect(url_for(_DASHBOARD))


@blueprint.post("/logout")
def leave() -> Response:
    """Sign out."""
    if identity := admin_session.identity():
        with services().database.writing() as transaction:
            admin_sessions.close_session(transaction, identity)
    session.clear()
    return redirect(url_for("pages.draw"))


def _client() -> str:
    return client_network(request)


def _seconds(wait: timedelta) -> str:
    """The value of `Retry-After`."""
    return str(math.ceil(wait.total_seconds()))


def _refused(sentence: str, status: HTTPStatus, code: str) -> tuple[str, int]:
    """The login page with the reason. Raises `Problem` for clients that want JSON."""
    if wants_json():
        raise Problem(status, code, sentence)
    return _page(sentence), status


def _page(sentence: str) -> str:
    return render_template("admin/login.html", sentence=sentence)
