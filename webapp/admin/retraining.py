"""The retraining pages: request, list, show, cancel and resume runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, NoReturn

import msgspec
from flask import Blueprint, g, render_template, request
from markupsafe import Markup
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from webapp.admin.runs import RunView, current, existing, newest, view
from webapp.http.errors import Problem
from webapp.http.images import json_body
from webapp.http.json import json_or_redirect
from webapp.retraining import runs
from webapp.retraining.options import InvalidOptions, RetrainingOptions, architectures, recipes
from webapp.services import services
from webapp.storage.drawings import parts
from webapp.storage.sides import BLOCK, FEW_ORIGINS, HELD_BACK
from webapp.storage.tables import Run

blueprint = Blueprint("retraining", __name__)

_FORM_NAMES = ("start", "preset", "architecture", "epochs", "learning_rate", "seed")


@blueprint.get("/retrain")
def form() -> str:
    """The form for a new run, and the list of runs."""
    views = newest()
    with services().database.reading() as session:
        teach, judge = parts(session)
    return render_template(
        "admin/retrain.html",
        runs=views,
        teach=teach,
        judge=judge,
        few=FEW_ORIGINS,
        block=BLOCK,
        held=HELD_BACK,
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
    run = current(identity)
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


def _open_question(run: RunView) -> tuple[bool, bool]:
    """Whether the run waits for a decision, and whether its verdict still holds.

    It does as long as the version that the new one was compared with is active.
    """
    verdict, versions = run.verdict, services().versions
    if verdict is None or verdict.decision != "person" or versions.is_active(verdict.after):
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
            yield session, existing(session.get(Run, identity, with_for_update=True))
    except runs.BadState as error:
        raise Problem(HTTPStatus.CONFLICT, "bad_state", str(error)) from error


def _answer(run: Run, status: HTTPStatus) -> AnyResponse:
    return json_or_redirect(view(run), "admin.retraining.page", status, identity=run.id)


def _refuse(detail: str) -> NoReturn:
    raise Problem(HTTPStatus.BAD_REQUEST, "invalid_request", detail)
