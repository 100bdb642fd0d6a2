"""The page that explains a model's answer: its activations and an occlusion map."""

from __future__ import annotations

from functools import partial

from flask import Response, abort, render_template, request

from webapp.cost import charge_sheet, charged
from webapp.http.images import json_body, picture_in_data_url
from webapp.http.json import as_json
from webapp.inference.explain import explain
from webapp.inference.making import made_map
from webapp.pages import text
from webapp.pages.shared import blueprint, read_upload
from webapp.problems import as_problems
from webapp.schemas import Explanation, MapRequest
from webapp.services import services

_MAP_COST = 2.0
"""Of the rate limit, in requests to read a drawing, for how one map was made."""


@blueprint.get("/models/<name>/inside")
def inside(name: str) -> str:
    """The explanation page, without a drawing."""
    return _page(name, None, text.invitation())


@blueprint.post("/models/<name>/inside")
def inside_upload(name: str) -> tuple[str, int]:
    """The explanation page for an uploaded image, for browsers without JavaScript."""
    explanation, error, status = read_upload(explain, model=name, mode="digit")
    sentence = text.sentence(explanation) if explanation else error
    return _page(name, explanation, sentence), status


@blueprint.post("/models/<name>/inside/map")
def inside_map(name: str) -> Response:
    """How one map of a stage was made of those before. Nothing is stored."""
    asked = json_body(request, MapRequest)
    seen = charged(partial(picture_in_data_url, asked.seen))
    charge_sheet(0, _MAP_COST)
    with as_problems():
        return as_json(made_map(seen.image, services().models.get(name), asked))


def _page(name: str, explanation: Explanation | None, sentence: str) -> str:
    if name not in services().models.cards():
        abort(404)
    return render_template(
        "inside.html",
        name=name,
        explanation=explanation,
        sentence=sentence,
        words=text.inside_words(),
    )
