"""The learn page: five chapters on one drawing, and what their interactive parts ask."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from itertools import chain

import msgspec
from flask import Response, render_template, request

from webapp.cost import charge_sheet
from webapp.http.errors import Problem
from webapp.http.images import json_body
from webapp.http.json import as_json
from webapp.inference.registry import Models
from webapp.inference.ways import row_by_row, two_ways
from webapp.pages import learn_text, training
from webapp.pages.examples import examples
from webapp.pages.learn_still import still
from webapp.pages.shared import blueprint
from webapp.problems import as_problems
from webapp.schemas import MAX_COORDINATE, SheetRequest
from webapp.services import services


@blueprint.get("/learn")
def learn() -> str:
    """The learn page."""
    words = learn_text.words()
    shown = still()
    return render_template(
        "learn.html",
        words=words,
        still=shown,
        story=shown.story | {"words": words},
        box=" ".join(f"{each:.0f}" for each in shown.ways.box or ()),
        inks=learn_text.inks(),
        product=learn_text.product_words(shown),
        site=_site(),
        **training.offer(),
        examples=[each for each in examples() if len(each.value) == 1 or each.value == "star"],
    )


@blueprint.post("/learn/ways")
def learn_ways() -> Response:
    """What LeNet-5 reads of a drawing that is prepared in two ways. Nothing is stored."""
    return _shown(two_ways, cost=2)


@blueprint.post("/learn/rows")
def learn_rows() -> Response:
    """How an answer forms row by row. Nothing is stored."""
    return _shown(row_by_row, cost=10)


def _site() -> dict[str, object]:
    """What chapter 5 says of this very site."""
    models, settings = services().models, services().settings
    card = models.get().card
    return {
        "model": models.default,
        "version": card.version,
        "is_shipped": card.version == models.shipped().card.version,
        "threshold": card.rejection_threshold,
        "keeps": settings.corrections,
        "margin": settings.gate_margin,
    }


def _shown(show: Callable[[SheetRequest, Models], msgspec.Struct], cost: float) -> Response:
    asked = json_body(request, SheetRequest)
    points = list(chain.from_iterable(asked.strokes))
    if not points:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "empty_drawing", "nothing is drawn")
    if not max(abs(number) for point in points for number in point[:2]) <= MAX_COORDINATE:
        detail = f"`strokes` has coordinates beyond {MAX_COORDINATE:,.0f}"
        raise Problem(HTTPStatus.BAD_REQUEST, "invalid_request", detail)
    charge_sheet(len(asked.strokes), cost)
    with as_problems():
        return as_json(show(asked, services().models))
