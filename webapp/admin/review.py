"""The review queue: accept, relabel, reject or delete drawings before they are trained on."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any, TypeVar

import msgspec
from flask import Blueprint, Response, g, render_template, request
from msgspec import Meta
from sqlalchemy import ColumnElement, Select, case, func, select
from sqlalchemy.orm import Session

from trainer.recognition.image import png_data_url
from webapp.admin import drawings
from webapp.http.errors import Problem
from webapp.http.images import json_body
from webapp.http.json import as_json
from webapp.schemas import Truth
from webapp.services import services
from webapp.storage import audit, full_disk
from webapp.storage import drawings as storage
from webapp.storage.drawings import State, delete_drawings
from webapp.storage.tables import Drawing

blueprint = Blueprint("review", __name__)
api = Blueprint("drawings", __name__, url_prefix="/drawings")

NUMBER = "number"

F = TypeVar("F", bound="Filters")

_PAGE_SIZE = 24
"""Drawings in one response."""


class Filters(msgspec.Struct, forbid_unknown_fields=True):
    """Query parameters that select drawings; without any, all of them."""

    state: State | None = None
    label: Annotated[str, Meta(pattern=f"^(not_a_digit|{NUMBER}|[0-9])$")] | None = None
    """`number` are all of several digits."""
    disagree: bool = False
    """Only drawings whose label differs from the model's answer."""
    disputed: bool = False
    """Only drawings that visitors labeled differently, and that nobody has reviewed."""
    id: str | None = None
    """Only the drawing with this id."""


class Query(Filters, forbid_unknown_fields=True):
    """What to list: the drawings that the filters select, from the one after so many on."""

    skip: Annotated[int, Meta(ge=0, le=1_000_000)] = 0


class Decision(msgspec.Struct, forbid_unknown_fields=True):
    """A reviewer's decision on a drawing. Without a label, the drawing keeps its own."""

    state: State
    label: Truth | None = None


class DrawingView(msgspec.Struct):
    """A drawing as the review page shows it. Times are ISO 8601 in UTC, pictures data URLs."""

    id: str
    created: str
    state: str
    label: str
    visitor_label: str
    answer: str
    """What the model read: a digit, not_a_digit or a number."""
    digit: int
    confidence: float
    is_digit: bool
    held_back: bool
    has_strokes: bool
    votes: dict[str, int]
    """How many gave each label; the visitors of one network and day count as one."""
    is_disputed: bool
    model: str
    version: str
    picture: str
    seen: str


class DrawingList(msgspec.Struct):
    """The first drawings of the queue, and how many match the filters in all."""

    drawings: list[DrawingView]
    count: int


@blueprint.get("/review")
def review() -> str:
    """The page for reviewing drawings by keyboard."""
    return render_template("admin/review.html")


@api.get("")
def queue() -> Response:
    """The drawings that match the filters: disputed ones first, then disagreements of label and
    answer, then by ascending confidence."""
    query = _query(Query)
    order = (
        Drawing.is_disputed.desc(),
        case((_disagrees(), 0), else_=1),
        Drawing.confidence,
        Drawing.created,
        Drawing.id,
    )
    with services().database.reading() as session:
        found = session.scalars(
            _filtered(select(Drawing), query).order_by(*order).offset(query.skip).limit(_PAGE_SIZE)
        )
        drawings = [_view(drawing) for drawing in found]
        matching = select(func.count()).select_from(Drawing)
        count = session.scalar(_filtered(matching, query)) or 0
    return as_json(DrawingList(drawings, count))


@api.get("/<identity>/strokes")
def strokes(identity: str) -> Response:
    """The pen strokes of a drawing, as it was sent; none if it was a picture."""
    with services().database.reading() as session:
        drawing = session.get(Drawing, identity)
        if drawing is None:
            raise _not_found()
        return as_json({"strokes": drawing.strokes or []})


@api.post("/<identity>")
def decide(identity: str) -> Response:
    """Accept, relabel or reject a drawing, or put it back into the queue."""
    decision = json_body(request, Decision)
    with services().database.writing() as session:
        drawing = _drawing(session, identity)
        storage.review(drawing, decision.state, decision.label)
        audit.record(session, g.admin, decision.state, drawing=identity, label=drawing.truth)
    return as_json(_view(drawing))


@api.delete("/<identity>")
def delete_one(identity: str) -> Response:
    """Delete one drawing."""

    def delete(session: Session) -> None:
        _drawing(session, identity)
        delete_drawings(session, Drawing.id == identity)
        audit.record(session, g.admin, "deleted", drawing=identity)

    full_disk.delete(services().database, delete)
    return Response(status=HTTPStatus.NO_CONTENT)


@api.delete("")
def delete_matching() -> Response:
    """Delete the drawings that match the filters; without filters, all drawings."""
    filters = _query(Filters)
    if filters == Filters():
        return as_json({"deleted": drawings.delete_everything(services().database, g.admin)})

    def delete(session: Session) -> int:
        matching = _filtered(select(Drawing.id), filters)
        count = delete_drawings(session, Drawing.id.in_(matching))
        audit.record(session, g.admin, "deleted", count=count, filters=msgspec.to_builtins(filters))
        return count

    return as_json({"deleted": full_disk.delete(services().database, delete)})


def _query(kind: type[F]) -> F:
    """The query string as one of the types above. Raises `Problem`."""
    try:
        return msgspec.convert(request.args.to_dict(), kind, strict=False)
    except msgspec.ValidationError as error:
        raise Problem(HTTPStatus.BAD_REQUEST, "invalid_request", str(error)) from None


def _disagrees() -> ColumnElement[bool]:
    """SQL condition: the visitor's label differs from the model's answer."""
    return Drawing.visitor_truth != Drawing.answer


def _filtered(statement: Select[Any], filters: Filters) -> Select[Any]:
    if filters.state:
        statement = statement.where(Drawing.state == filters.state)
    if filters.label:
        is_it = Drawing.truth == filters.label
        statement = statement.where(Drawing.is_number if filters.label == NUMBER else is_it)
    if filters.disagree:
        statement = statement.where(_disagrees())
    if filters.disputed:
        statement = statement.where(Drawing.is_disputed)
    if filters.id:
        statement = statement.where(Drawing.id == filters.id)
    return statement


def _drawing(session: Session, identity: str) -> Drawing:
    """The drawing, locked until the transaction ends. Raises `Problem` if there is none."""
    drawing = session.get(Drawing, identity, with_for_update=True)
    if drawing is None:
        raise _not_found()
    return drawing


def _not_found() -> Problem:
    return Problem(HTTPStatus.NOT_FOUND, "not_found", "There is no such drawing")


def _view(drawing: Drawing) -> DrawingView:
    return DrawingView(
        id=drawing.id,
        created=drawing.created.isoformat(timespec="seconds"),
        state=drawing.state,
        label=drawing.truth,
        visitor_label=drawing.visitor_truth,
        answer=drawing.answer,
        digit=drawing.digit,
        confidence=drawing.confidence,
        is_digit=drawing.is_digit,
        held_back=drawing.held_back,
        has_strokes=bool(drawing.strokes),
        votes={label: len(who) for label, who in (drawing.votes or {}).items()},
        is_disputed=drawing.is_disputed,
        model=drawing.model,
        version=drawing.version,
        picture=png_data_url(drawing.picture),
        seen=png_data_url(drawing.seen),
    )
