"""The versions page: list, promote and roll back versions of the default model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from itertools import starmap

import msgspec
from flask import Blueprint, g, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from trainer.recognition.bundle import BundleError, Card
from webapp.http.errors import Problem
from webapp.http.images import json_body
from webapp.http.json import json_or_redirect
from webapp.inference.versions import SHIPPED, Superseded
from webapp.services import services

blueprint = Blueprint("versions", __name__)


@dataclass(frozen=True, slots=True)
class Row:
    """A version with its card, or the reason why it was refused."""

    version: str
    card: Card | None
    refused: str = ""


class Expected(msgspec.Struct, forbid_unknown_fields=True):
    """The version that the client believes to be active; nothing else may be replaced."""

    expected: str | None = None


@blueprint.get("/versions")
def versions() -> str:
    """The versions page."""
    models = services().models
    shipped = models.shipped().card
    return render_template(
        "admin/versions.html",
        rows=[*starmap(_row, services().versions.cards().items()), Row(SHIPPED, shipped)],
        active=services().versions.pointer().version,
        previous=services().versions.previous(),
        datasets=[each.data for each in shipped.evaluations],
        right=_accuracy,
    )


@blueprint.post("/versions/<version>/promote")
def promote(version: str) -> AnyResponse:
    """Make a version the active one, in every process within a second."""
    with _refusals():
        services().versions.promote(version, g.admin, _expected())
    return _done(version)


@blueprint.post("/versions/rollback")
def roll_back() -> AnyResponse:
    """Return to the version that the active one replaced."""
    with _refusals():
        version = services().versions.roll_back(g.admin, _expected())
    return _done(version)


def _expected() -> str | None:
    """The field `expected` of a form or a JSON body, which may also be missing."""
    if request.mimetype == "application/json" and request.get_data():
        return json_body(request, Expected).expected
    return request.form.get("expected")


@contextmanager
def _refusals() -> Iterator[None]:
    """Raise `Problem` where a version cannot be used, or another one is active than expected."""
    try:
        yield
    except BundleError as error:
        raise Problem(HTTPStatus.CONFLICT, "version_refused", str(error)) from error
    except Superseded as error:
        raise Problem(HTTPStatus.CONFLICT, "superseded", str(error)) from error


def _row(version: str, card: Card | BundleError) -> Row:
    if isinstance(card, BundleError):
        return Row(version, None, str(card))
    return Row(version, card)


def _accuracy(card: Card, data: str) -> float | None:
    """Accuracy on the test split of a data set, where it was evaluated."""
    return next((each.accuracy for each in card.evaluations if each.data == data), None)


def _done(version: str) -> AnyResponse:
    return json_or_redirect({"active": version}, "admin.versions.versions")
