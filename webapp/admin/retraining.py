"""The retraining pages and API: request, list, follow, cancel and resume runs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from http import HTTPStatus
from typing import Any, NoReturn

import msgspec
from flask import Blueprint, Response, g, render_template, request, stream_with_context
from markupsafe import Markup
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from webapp.admin.auth import is_still_signed_in
from webapp.http.errors import Problem
from webapp.http.images import json_body
from webapp.http.json import as_json, json_or_redirect
from webapp.retraining import runs
from webapp.retraining.gate import Verdict
from webapp.retraining.options import InvalidOptions, RetrainingOptions, architectures, recipes
from webapp.retraining.progress import Progress, loaded
from webapp.services import services
from webapp.storage.tables import Drawing, Run, RunStatus
from webapp.threads import Lane, in_thread

blueprint = Blueprint("retraining", __name__)
api = Blueprint("runs", __name__, url_prefix="/runs")

_LIST = 30
_LOOK_EVERY = 0.5
_KEEPALIVE_EVERY = 10.0
"""Intervals of the event stream, in seconds. Proxies close silent connections."""

_FORM_NAMES = ("start", "preset", "architecture", "epochs", "learning_rate", "seed")


class RunView(msgspec.Struct):
    """A run as pages and scripts see it; times are ISO 8601 in UTC."""

    id: str
    created: str
    who: str
    options: RetrainingOptions
    state: RunStatus
    cancelling: bool
    started: str | None
    ended: str | None
    progress: Progress
    log: str
    error: str
    version: str | None
    verdict: Verdict | None


class RunList(msgspec.Struct):
    """The newest runs, newest first."""

    runs: list[RunView]


@blueprint.get("/retrain")
def form() -> str:
    """The form for a new run, and the list of runs."""
    views = _newest()
    with services().database.reading() as session:
        learnable = (Drawing.state == "accepted") & ~Drawing.held_back
        corrections = session.scalar(select(func.count()).where(learnable)) or 0
    return render_template(
        "admin/retrain.html",
        runs=views,
        corrections=corrections,
        presets=recipes(),
        architectures=architectures(),
    )


@blueprint.post("/retrain")
def ask() -> AnyResponse:
    """Add a run to the queue."""
    options = (
        json_body(request, RetrainingOptions)
        if request.mimetype == "application/json"
        else _in_form()
    )
    try:
        options.check()
    except InvalidOptions as error:
        _refuse(str(error))
    with services().database.writing() as session:
        run = runs.enqueue(session, options, g.admin)
    return _answer(run, HTTPStatus.ACCEPTED)


@blueprint.get("/runs/<identity>")
def page(identity: str) -> str:
    """The page of a run, updated live."""
    run = _look(identity)
    view = msgspec.json.encode(run).decode().replace("<", "\\u003c")  # for a script element
    waits, stands = _open_question(run)
    return render_template(
        "admin/run.html",
        run=run,
        view=Markup(view),  # noqa: S704
        can_promote=waits and stands,
        is_superseded=waits and not stands,
        live_states=runs.LIVE,
        resumable_states=runs.RESUMABLE,
        open_states=runs.OPEN,
    )


@blueprint.post("/runs/<identity>/cancel")
def cancel(identity: str) -> AnyResponse:
    """Cancel a run; its worker stops within a second."""
    with _changing(identity) as (session, run):
        runs.cancel(session, run, g.admin)
    return _answer(run, HTTPStatus.OK)


@blueprint.post("/runs/<identity>/resume")
def resume(identity: str) -> AnyResponse:
    """Resume a lost or failed run from its last checkpoint."""
    with _changing(identity) as (session, run):
        runs.resume(session, run, g.admin)
    return _answer(run, HTTPStatus.OK)


@api.get("")
def listing() -> Response:
    """The newest runs."""
    return as_json(RunList(_newest()))


@api.get("/<identity>")
def state(identity: str) -> Response:
    """A run."""
    return as_json(_look(identity))


@api.get("/<identity>/events")
def events(identity: str) -> Response:
    """Server-sent events: the run, each time it changes, until it has ended."""
    first = _look(identity)
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    return Response(
        stream_with_context(_events(identity, first)), mimetype="text/event-stream", headers=headers
    )


def _events(identity: str, view: RunView) -> Iterator[bytes]:
    sent, quiet_since = b"", time.monotonic()
    yield b"retry: 1000\n\n"
    while True:
        body = msgspec.json.encode(view)
        if body != sent:
            yield b"event: run\ndata: " + body + b"\n\n"
            sent, quiet_since = body, time.monotonic()
        elif time.monotonic() - quiet_since > _KEEPALIVE_EVERY:
            yield b": keep-alive\n\n"
            quiet_since = time.monotonic()
        if view.state in runs.ENDED or services().is_stopping():
            return
        time.sleep(_LOOK_EVERY)
        newer = in_thread(Lane.DATABASE, _look_again, identity)
        if newer is None:
            return
        view = newer


def _look_again(identity: str) -> RunView | None:
    """The run as it is now; None once the client has signed out."""
    return _look(identity) if is_still_signed_in() else None


def _open_question(run: RunView) -> tuple[bool, bool]:
    """Whether the run waits for a decision, and whether its verdict still holds.

    It does as long as the version that the new one was compared with is active.
    """
    verdict, versions = run.verdict, services().versions
    if verdict is None or verdict.auto_promoted or versions.is_active(verdict.after):
        return False, False
    return True, versions.is_active(verdict.before)


def _in_form() -> RetrainingOptions:
    """The options in the form; an empty field stands for the recipe's own value."""
    given = {name: request.form.get(name) for name in _FORM_NAMES}
    fields: dict[str, Any] = {name: value for name, value in given.items() if value}
    if fields.get("start", "current") == "current":
        fields = {k: v for k, v in fields.items() if k not in {"preset", "architecture"}}
    if request.form.get("all_data") != "true" and {"all_data", "data"} & request.form.keys():
        fields["data"] = request.form.getlist("data")
    try:
        return msgspec.convert(fields, RetrainingOptions, strict=False)
    except msgspec.ValidationError as error:
        _refuse(str(error))


@contextmanager
def _changing(identity: str) -> Iterator[tuple[Session, Run]]:
    """Change a run in one transaction. Raises `Problem` where its state does not allow it."""
    try:
        with services().database.writing() as session:
            runs.mark_lost(session)
            yield session, _found(session.get(Run, identity, with_for_update=True))
    except runs.BadState as error:
        raise Problem(HTTPStatus.CONFLICT, "bad_state", str(error)) from error


def _look(identity: str) -> RunView:
    """The run as it is now. Raises `Problem` where there is none."""
    return _view(_found(runs.current(services().database, identity)))


def _newest() -> list[RunView]:
    return [_view(run) for run in runs.newest(services().database, _LIST)]


def _found(run: Run | None) -> Run:
    if run is None:
        raise Problem(HTTPStatus.NOT_FOUND, "not_found", "There is no such run")
    return run


def _view(run: Run) -> RunView:
    return RunView(
        id=run.id,
        created=run.created.isoformat(timespec="seconds"),
        who=run.who,
        options=msgspec.convert(run.options, RetrainingOptions),
        state=run.state,
        cancelling=run.cancelling,
        started=_iso(run.started),
        ended=_iso(run.ended),
        progress=loaded(run.progress),
        log=run.log,
        error=run.error,
        version=run.version,
        verdict=msgspec.convert(run.verdict, Verdict | None),
    )


def _iso(time: datetime | None) -> str | None:
    return time.isoformat(timespec="seconds") if time else None


def _answer(run: Run, status: HTTPStatus) -> AnyResponse:
    return json_or_redirect(_view(run), "admin.retraining.page", status, identity=run.id)


def _refuse(detail: str) -> NoReturn:
    raise Problem(HTTPStatus.BAD_REQUEST, "invalid_request", detail)
