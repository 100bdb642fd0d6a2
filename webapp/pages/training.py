"""Chapter 4 of the learn page, live: a class lets the worker train a small model, and watches.

Whoever has a class's token, or is signed in as the administrator, may begin a lesson. All of a
class watch the same one; who began it may cancel it. Administrators are a class of their own, in
which each may cancel what another began.
"""

from __future__ import annotations

import math
import secrets
from functools import partial
from http import HTTPStatus
from typing import Annotated

import msgspec
from flask import Response, render_template, request, session
from msgspec import Meta

from webapp import admin_session
from webapp.http.client import client_network
from webapp.http.errors import Problem
from webapp.http.events import event_stream
from webapp.http.images import json_body
from webapp.http.json import as_json
from webapp.http.lanes import runs_in
from webapp.pages.shared import blueprint
from webapp.pages.training_text import words
from webapp.retraining import lessons
from webapp.retraining.lesson_progress import LessonProgress, loaded
from webapp.services import services
from webapp.storage.lessons import Lesson
from webapp.storage.tables import RunStatus
from webapp.threads import Lane

_CLASS = "class"
"""Key of the class's key in the cookie."""
_STARTER = "starter"
"""Key of a random number in the cookie, by which a lesson's starter is known."""
_WATCH_AGAIN = 60
"""Seconds after which there may be a place among those who watch."""
_ADMIN = "admin"
"""The class of administrators."""


class JoinRequest(msgspec.Struct):
    """The token of a class."""

    token: Annotated[str, Meta(max_length=200)]


class LessonRequest(msgspec.Struct):
    """Which mistake to train with; `none` for the right recipe."""

    mistake: Annotated[str, Meta(max_length=40)]


class LessonView(msgspec.Struct):
    """A lesson as the page's script sees it."""

    id: str
    mistake: str
    seed: int
    state: RunStatus
    is_cancelling: bool
    is_mine: bool
    """Whether whoever asks may cancel it."""
    waits_for: str
    """`lesson`, `retraining` or `worker`, if it waits for one; else empty."""
    code: str
    progress: LessonProgress


class LessonState(msgspec.Struct):
    """A class's newest lesson."""

    lesson: LessonView | None


def offer() -> dict[str, bool]:
    """Whether the site has classes, which may train, and whether this browser has joined one."""
    authenticator = services().authenticator
    has_classes = authenticator.has_classes
    is_member = has_classes and authenticator.is_class(session.get(_CLASS, ""))
    return {"trains_classes": has_classes, "is_member": is_member}


@blueprint.get("/learn/training")
@runs_in(Lane.DATABASE)
def training() -> Response:
    """The part of the learn page with which one trains, as the script inserts it."""
    is_member = _class() is not None
    if not (is_member or services().authenticator.has_classes):
        raise _not_found()
    page = render_template("learn/_live.html", is_member=is_member, words=words())
    return _uncached(Response(page, mimetype="text/html"))


@blueprint.post("/learn/training/join")
@runs_in(Lane.DATABASE)
def join_class() -> Response:
    """Join a class by its token. A wrong one is counted, as a guess."""
    token = json_body(request, JoinRequest).token.strip()
    guesses, database = services().limits.class_guesses, services().database
    key, client = services().authenticator.class_of(token), client_network(request)
    if key is None:
        with database.writing() as transaction:
            wait = guesses.hit(transaction, client)
    else:
        with database.reading() as transaction:
            wait = guesses.retry_after(transaction, client)
    if wait:
        raise _too_many("too_many_guesses", "Too many wrong tokens", wait.total_seconds())
    if key is None:
        raise Problem(HTTPStatus.FORBIDDEN, "wrong_token", "This is no class's token")
    session[_CLASS] = key
    return as_json({})


@blueprint.get("/learn/training/lesson")
@runs_in(Lane.DATABASE)
def training_lesson() -> Response:
    """The newest lesson of the class."""
    return _uncached(as_json(_state(_required_class())))


@blueprint.get("/learn/training/lesson/events")
@runs_in(Lane.DATABASE)
def training_events() -> Response:
    """Server-sent events: the class's newest lesson, each time it changes, until it has ended.

    Who finds no place among those who watch asks for the lesson instead.
    """
    key = _required_class()
    client, watchers = client_network(request), services().limits.watchers
    state = _state(key)  # which fails without the database, before there is a place to give back
    if not watchers.take(client):
        raise _too_many("too_many_requests", "Too many are watching", _WATCH_AGAIN)
    response = event_stream("lesson", state, partial(_look_again, key), _is_last)
    response.call_on_close(partial(watchers.release, client))
    return response


@blueprint.post("/learn/training/lesson")
@runs_in(Lane.DATABASE)
def train() -> Response:
    """Begin a lesson: it joins the queue of the worker."""
    key, asked = _required_class(), json_body(request, LessonRequest)
    if asked.mistake not in lessons.mistakes():
        known = ", ".join(lessons.mistakes())
        raise Problem(HTTPStatus.BAD_REQUEST, "invalid_request", f"`mistake` is one of {known}")
    starter = session.get(_STARTER) or secrets.token_hex(8)
    try:
        with services().database.writing() as transaction:
            found = lessons.enqueue(transaction, key, starter, asked.mistake)
            if wait := services().limits.lessons.hit(transaction, key):  # which takes it back
                raise _too_many("too_many_lessons", "Too many lessons", wait.total_seconds())
    except lessons.Busy as error:
        code = str(error)
        is_full = code == "queue_full"
        status = HTTPStatus.SERVICE_UNAVAILABLE if is_full else HTTPStatus.CONFLICT
        raise Problem(status, code, "A lesson is under way already") from error
    session[_STARTER] = starter
    return as_json(LessonState(_view(found, is_mine=True)), HTTPStatus.ACCEPTED)


@blueprint.post("/learn/training/lesson/<identity>/cancel")
@runs_in(Lane.DATABASE)
def cancel_training(identity: str) -> Response:
    """Cancel a lesson; its worker stops within a second."""
    key = _required_class()
    with services().database.writing() as transaction:
        found = transaction.get(Lesson, identity, with_for_update=True)
        if found is None or found.class_key != key:
            raise _not_found()
        if not _is_mine(found):
            raise Problem(HTTPStatus.FORBIDDEN, "not_yours", "Somebody else began this lesson")
        lessons.cancel(found)
    return as_json(_state(key))


def _class() -> str | None:
    """The key of the class that this browser has joined; `admin` for one that is signed in."""
    key = session.get(_CLASS, "")
    if key and services().authenticator.is_class(key):
        return str(key)
    return _ADMIN if admin_session.is_open() else None


def _required_class() -> str:
    if (key := _class()) is None:
        raise Problem(HTTPStatus.FORBIDDEN, "no_class", "Join a class by its token first")
    return key


def _state(key: str) -> LessonState:
    found = lessons.newest(services().database, key)
    return LessonState(_view(found, is_mine=_is_mine(found)) if found else None)


def _look_again(key: str) -> LessonState | None:
    """The state as it is now; None once the client has signed out, or the class's token is void."""
    return _state(key) if _class() == key else None


def _is_last(state: LessonState) -> bool:
    lesson = state.lesson
    return lesson is None or lesson.state not in lessons.LIVE or services().is_stopping()


def _is_mine(found: Lesson) -> bool:
    return found.starter == session.get(_STARTER) or admin_session.is_open()


def _view(found: Lesson, *, is_mine: bool) -> LessonView:
    return LessonView(
        id=found.id,
        mistake=found.mistake,
        seed=found.seed,
        state=found.state,
        is_cancelling=found.cancelling,
        is_mine=is_mine,
        waits_for=lessons.waits_for(services().database, found),
        code=found.code,
        progress=loaded(found.progress),
    )


def _uncached(response: Response) -> Response:
    response.cache_control.no_store = True
    return response


def _not_found() -> Problem:
    return Problem(HTTPStatus.NOT_FOUND, "not_found", "There is no such page")


def _too_many(code: str, detail: str, seconds: float) -> Problem:
    problem = Problem(HTTPStatus.TOO_MANY_REQUESTS, code, detail)
    problem.headers["Retry-After"] = str(math.ceil(seconds))
    return problem
