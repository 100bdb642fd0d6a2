"""The page of a version that may answer in the shadow of the active one, before it is promoted."""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus
from typing import Annotated

import msgspec
from flask import Blueprint, g, render_template, request
from msgspec import Meta
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from trainer.recognition.bundle import BundleError
from webapp.http.errors import Problem
from webapp.http.images import json_body
from webapp.http.json import as_json, json_or_redirect, wants_json
from webapp.inference.agreement import Agreement, agreements
from webapp.inference.registry import tried
from webapp.inference.versions import SHIPPED
from webapp.services import services
from webapp.storage import activations, audit, shadows, versions
from webapp.storage.shadows import Shadow
from webapp.storage.tables import now

blueprint = Blueprint("shadow", __name__)

HOURS = (1, 24, 168)
"""What the page offers."""


class Wanted(msgspec.Struct, forbid_unknown_fields=True):
    """For how long the version answers in the shadow, in hours: at most four weeks."""

    hours: Annotated[int, Meta(ge=1, le=672)] = 24


class State(msgspec.Struct):
    """A version's shadow as a script gets it. Times are ISO 8601 in UTC; `counted` is when a
    process added to its counts last, None if none has yet."""

    version: str
    is_on: bool
    started: str | None
    until: str | None
    stopped: str | None
    counted: str | None
    agreements: list[Agreement]


@blueprint.get("/versions/<version>/shadow")
def page(version: str) -> str | AnyResponse:
    """The page of a version, or its state for a script."""
    services().shadow.flush()
    with services().database.reading() as session:
        on, own = shadows.on(session), shadows.of_version(session, version)
        found = agreements(shadows.counts(session, own.id)) if own else []
    _require(version, own)
    if wants_json():
        return as_json(_state(version, own, found))
    return render_template(
        "admin/shadow.html",
        version=version,
        shadow=own,
        is_on=bool(own and own.is_on(now())),
        other=on.version if on and on.version != version else "",
        agreements=found,
        active=services().versions.pointer().version,
        hours=HOURS,
    )


@blueprint.post("/versions/<version>/shadow")
def start(version: str) -> AnyResponse:
    """Let a version answer in the shadow, in every process within a second."""
    lasts = timedelta(hours=_wanted().hours)
    try:
        if version != SHIPPED:
            tried(services().versions.read(version))
        with services().database.writing() as session:
            activations.locked_pointer(session)  # or it could be promoted or deleted meanwhile
            _refuse(session, version)
            shadow = shadows.start(session, version, lasts)
            audit.record(session, g.admin, "shadow started", version=version)
    except BundleError as error:
        raise Problem(HTTPStatus.CONFLICT, "version_refused", str(error)) from error
    body = _state(version, shadow, [])
    return json_or_redirect(body, "admin.shadow.page", version=version)


@blueprint.post("/versions/<version>/shadow/stop")
def stop(version: str) -> AnyResponse:
    """End the shadow in which this version answers; does nothing if it does not."""
    with services().database.writing() as session:
        _require(version, shadows.of_version(session, version))
        if shadows.stop(session, version):
            audit.record(session, g.admin, "shadow stopped", version=version)
    return json_or_redirect({"version": version}, "admin.shadow.page", version=version)


def _require(version: str, own: Shadow | None) -> None:
    """Raise `Problem` for what is no version, nor was one in the shadow."""
    if own is None and version != SHIPPED and version not in services().versions.cards():
        raise Problem(HTTPStatus.NOT_FOUND, "not_found", f"there is no version {version!r}")


def _refuse(session: Session, version: str) -> None:
    """Raise `BundleError` for the active version, and for one that is not stored any more."""
    if services().versions.is_active_in(session, version):
        raise BundleError(f"version {version} is the active one")
    if version != SHIPPED and not versions.exists(session, version):
        raise BundleError(f"there is no version {version!r}")


def _wanted() -> Wanted:
    if request.mimetype == "application/json" and request.get_data():
        return json_body(request, Wanted)
    given = {name: value for name, value in request.form.items() if name == "hours"}
    try:
        return msgspec.convert(given, Wanted, strict=False)
    except msgspec.ValidationError as error:
        raise Problem(HTTPStatus.BAD_REQUEST, "invalid_request", str(error)) from error


def _state(version: str, shadow: Shadow | None, found: list[Agreement]) -> State:
    return State(
        version=version,
        is_on=bool(shadow and shadow.is_on(now())),
        started=shadow.started.isoformat() if shadow else None,
        until=shadow.until.isoformat() if shadow else None,
        stopped=shadow.stopped.isoformat() if shadow and shadow.stopped else None,
        counted=shadow.counted.isoformat() if shadow and shadow.counted else None,
        agreements=found,
    )
