"""The page that explains a model's answer: its activations and an occlusion map."""

from __future__ import annotations

from flask import abort, render_template

from webapp.inference.explain import explain
from webapp.pages import text
from webapp.pages.shared import blueprint, read_upload
from webapp.schemas import Explanation
from webapp.services import services


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
