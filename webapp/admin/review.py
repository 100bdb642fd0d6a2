"""The queue of drawings that wait for a person's eye, and the page of what there is."""

from __future__ import annotations

import base64
from http import HTTPStatus
from typing import Any

import msgspec
from flask import Blueprint, Response, g, render_template, request
from sqlalchemy import Select, String, case, cast, func, select
from sqlalchemy.orm import Session

from webapp.http.errors import Problem
from webapp.http.images import json_body
from webapp.http.json import as_json
from webapp.schemas import Truth
from webapp.services import services
from webapp.storage import audit
from webapp.storage.drawings import State, delete_drawings
from webapp.storage.tables import AuditEntry, Drawing, now

blueprint = Blueprint("review", __name__)

PAGE = 24
"""Drawings in one answer."""


class Filters(msgspec.Struct, forbid_unknown_fields=True):
    """Which drawings are meant."""

    state: State | None = None
    label: Truth | None = None
    disagree: bool = False
    """Only those whose truth is not what the model answered."""


class Decision(msgspec.Struct, forbid_unknown_fields=True):
    """What a person says to a drawing; without a label the one that it has stands."""

    state: State
    label: Truth | None = None


class Reviewed(msgspec.Struct):
    """A drawing as the queue shows it; pictures are data URLs."""

    id: str
    created: str
    state: str
    label: str
    told: str
    digit: int
    confidence: float
    is_digit: bool
    held_back: bool
    model: str
    version: str
    picture: str
    seen: str


class Queue(msgspec.Struct):
    """The next drawings, and how many there are of these filters."""

    drawings: list[Reviewed]
    count: int


@blueprint.get("/")
def overview() -> str:
    """What there is, and what was done."""
    with services().database.reading() as session:
        counted = session.execute(
            select(Drawing.label, Drawing.state, func.count()).group_by(
                Drawing.label, Drawing.state
            )
        )
        counts: dict[str, dict[str, int]] = {}
        for label, state, count in counted:
            counts.setdefault(label, {})[state] = count
        held_back = session.scalar(
            select(func.count()).where(Drawing.held_back, Drawing.state == "accepted")
        )
        entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(20)).all()
    return render_template(
        "admin/overview.html",
        counts=dict(sorted(counts.items())),
        held_back=held_back,
        entries=entries,
    )


@blueprint.get("/review")
def review() -> str:
    """The queue, to be cleared by keys."""
    return render_template("admin/review.html")


@blueprint.get("/api/drawings")
def queue() -> Response:
    """The drawings that fit the filters: disagreement first, then the least confident."""
    filters = _filters()
    disagrees = Drawing.told != _answered()
    order = (case((disagrees, 0), else_=1), Drawing.confidence, Drawing.created)
    with services().database.reading() as session:
        found = session.scalars(_those(filters, select(Drawing)).order_by(*order).limit(PAGE))
        drawings = [_reviewed(drawing) for drawing in found]
        count = session.scalar(_those(filters, select(func.count()).select_from(Drawing))) or 0
    return as_json(Queue(drawings, count))


@blueprint.post("/api/drawings/<identity>")
def decide(identity: str) -> Response:
    """Accept, relabel or reject a drawing, or put it back into the queue."""
    decision = json_body(request, Decision)
    with services().database.writing() as session:
        drawing = _drawing(session, identity)
        drawing.state = decision.state
        drawing.label = decision.label or drawing.label
        drawing.reviewed = None if decision.state == "new" else now()
        audit.record(session, g.admin, decision.state, drawing=identity, label=drawing.label)
    return as_json(_reviewed(drawing))


@blueprint.delete("/api/drawings/<identity>")
def delete_one(identity: str) -> Response:
    with services().database.writing() as session:
        _drawing(session, identity)
        delete_drawings(session, Drawing.id == identity)
        audit.record(session, g.admin, "deleted", drawing=identity)
    return Response(status=HTTPStatus.NO_CONTENT)


@blueprint.delete("/api/drawings")
def delete_those() -> Response:
    """Delete all that fit the filters; without any, all there are."""
    filters = _filters()
    with services().database.writing() as session:
        those = _those(filters, select(Drawing.id))
        count = delete_drawings(session, Drawing.id.in_(those))
        audit.record(session, g.admin, "deleted", count=count, filters=msgspec.to_builtins(filters))
    return as_json({"deleted": count})


def _filters() -> Filters:
    try:
        return msgspec.convert(request.args.to_dict(), Filters, strict=False)
    except msgspec.ValidationError as error:
        raise Problem(HTTPStatus.BAD_REQUEST, "invalid_request", str(error)) from None


def _answered() -> Any:
    """What the model answered, in the words of a truth."""
    return case((Drawing.is_digit, cast(Drawing.digit, String)), else_="not_a_digit")


def _those(filters: Filters, statement: Select[Any]) -> Select[Any]:
    if filters.state:
        statement = statement.where(Drawing.state == filters.state)
    if filters.label:
        statement = statement.where(Drawing.label == filters.label)
    if filters.disagree:
        statement = statement.where(Drawing.told != _answered())
    return statement


def _drawing(session: Session, identity: str) -> Drawing:
    drawing = session.get(Drawing, identity, with_for_update=True)
    if drawing is None:
        raise Problem(HTTPStatus.NOT_FOUND, "not_found", "There is no such drawing")
    return drawing


def _reviewed(drawing: Drawing) -> Reviewed:
    def url(png: bytes) -> str:
        return "data:image/png;base64," + base64.b64encode(png).decode()

    return Reviewed(
        id=drawing.id,
        created=drawing.created.isoformat(timespec="seconds"),
        state=drawing.state,
        label=drawing.label,
        told=drawing.told,
        digit=drawing.digit,
        confidence=drawing.confidence,
        is_digit=drawing.is_digit,
        held_back=drawing.held_back,
        model=drawing.model,
        version=drawing.version,
        picture=url(drawing.picture),
        seen=url(drawing.seen),
    )
