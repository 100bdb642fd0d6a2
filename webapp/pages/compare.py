"""The page that compares the models' answers to one drawing."""

from __future__ import annotations

from flask import render_template

from webapp.inference.predict import answer
from webapp.inference.registry import ALL
from webapp.pages import agreement, text
from webapp.pages.shared import accuracies, blueprint, read_upload
from webapp.schemas import Prediction
from webapp.services import services


@blueprint.get("/compare")
def compare() -> str:
    """The comparison page, without a drawing."""
    return _page(None, text.invitation())


@blueprint.post("/compare")
def compare_upload() -> tuple[str, int]:
    """The comparison page for an uploaded image, for browsers without JavaScript."""
    prediction, error, status = read_upload(answer, model=ALL, mode="digit")
    sentence = agreement.sentence(prediction.models) if prediction else error
    return _page(prediction, sentence), status


def _page(prediction: Prediction | None, sentence: str) -> str:
    answers = prediction.models if prediction else []
    most = agreement.majority(answers)[0] if answers else None
    return render_template(
        "compare.html",
        prediction=prediction,
        models=services().models,
        cards=services().models.cards(),
        right=accuracies(),
        answers={each.model.name: each for each in answers},
        differing=[each.model.name for each in answers if agreement.reading(each) != most],
        sentence=sentence,
        words=agreement.comparison_words(),
    )
