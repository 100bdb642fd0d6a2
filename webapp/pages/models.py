"""The list of models, and a page for each with the content of its card."""

from __future__ import annotations

from flask import abort, render_template
from sqlalchemy.exc import SQLAlchemyError

from webapp.pages import text
from webapp.pages.charts import chart
from webapp.pages.shared import accuracies, blueprint
from webapp.retraining.gate import Verdict
from webapp.retraining.runs import verdict_on
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
        loss=chart(card.history, "loss"),
        validation_loss=chart(card.history, "validation_loss"),
        accuracy=chart(card.history, "accuracy", "validation_accuracy"),
        verdict=None if card.evaluations else _verdict_on(card.version),
    )


def _verdict_on(version: str) -> Verdict | None:
    """The gate's comparison of a version that was retrained here, None where there is none.

    The page does without the database where that is away.
    """
    try:
        return verdict_on(services().database, version)
    except SQLAlchemyError:
        return None
