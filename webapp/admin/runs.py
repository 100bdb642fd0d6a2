"""Runs as JSON under /admin/api/runs, with a stream of events, and as the pages show them."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from http import HTTPStatus

import msgspec
from flask import Blueprint, Response

from webapp.admin.auth import is_still_signed_in
from webapp.http.errors import Problem
from webapp.http.events import event_stream
from webapp.http.json import as_json
from webapp.retraining import runs
from webapp.retraining.gate import Verdict
from webapp.retraining.options import RetrainingOptions
from webapp.retraining.progress import Progress, loaded
from webapp.services import services
from webapp.storage.tables import Run, RunStatus

api = Blueprint("runs", __name__, url_prefix="/runs")

_LIST = 30


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


@api.get("")
def listing() -> Response:
    """The newest runs."""
    return as_json(RunList(newest()))


@api.get("/<identity>")
def state(identity: str) -> Response:
    """A run."""
    return as_json(current(identity))


@api.get("/<identity>/events")
def events(identity: str) -> Response:
    """Server-sent events: the run, each time it changes, until it has ended."""
    return event_stream("run", current(identity), partial(_look_again, identity), _is_last)


def _look_again(identity: str) -> RunView | None:
    """The run as it is now; None once the client has signed out."""
    return current(identity) if is_still_signed_in() else None


def _is_last(view: RunView) -> bool:
    return view.state in runs.ENDED or services().is_stopping()


def current(identity: str) -> RunView:
    """The run as it is now. Raises `Problem` where there is none."""
    return view(existing(runs.current(services().database, identity)))


def newest() -> list[RunView]:
    """The newest runs, newest first."""
    return [view(run) for run in runs.newest(services().database, _LIST)]


def existing(run: Run | None) -> Run:
    """The run that was found. Raises `Problem` where there was none."""
    if run is None:
        raise Problem(HTTPStatus.NOT_FOUND, "not_found", "There is no such run")
    return run


def view(run: Run) -> RunView:
    """A row as pages and scripts see it."""
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
