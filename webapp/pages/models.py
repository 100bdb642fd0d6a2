"""The list of models, and a page for each with the content of its card."""

from __future__ import annotations

from flask import abort, render_template

from webapp.pages import text
from webapp.pages.charts import curves
from webapp.pages.shared import accuracies, blueprint
from webapp.services import services


@blueprint.get("/models")
def models() -> str:
    """All models with their accuracies."""
    return render_template("models.html", cards=services().models.cards(), right=accuracies())


@blueprint.get("/models/<name>")
def model(name: str) -> str:
    """One model: architecture, training curves, evaluations and errors."""
    card = services().models.cards().get(name) or abort(404)
    return render_template(
        "model.html",
        name=name,
        card=card,
        description=text.architectures().get(card.architecture),
        loss=curves(card.history, "loss"),
        accuracy=curves(card.history, "accuracy"),
    )
