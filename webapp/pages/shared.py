"""Shared by all pages: their blueprint, template variables, and uploads without JavaScript."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import TypeVar

import msgspec
from flask import Blueprint, request
from werkzeug.exceptions import RequestEntityTooLarge

from trainer.recognition.model_inputs import ModelInputs
from webapp.cost import charged
from webapp.http.errors import Problem
from webapp.http.images import upload_in_form
from webapp.http.json import wants_json
from webapp.inference.explain import explain
from webapp.inference.registry import Models
from webapp.pages import drawing_text, text
from webapp.problems import as_problems
from webapp.schemas import NOT_A_DIGIT, Prediction, PredictRequest
from webapp.services import services

blueprint = Blueprint("pages", __name__)

P = TypeVar("P", bound=Prediction)

_COMPARABLE = ("mnist", "strokes")
"""Data sets whose test split every model was evaluated on."""


@blueprint.app_context_processor
def template_variables() -> dict[str, object]:
    """The variables of `base.html`, which every page extends, and the names of the models."""
    return {
        "model_names": drawing_text.model_names(),
        "model_lines": drawing_text.model_lines(),
        "model_version": services().models.get().card.version,
        "keeps_corrections": services().settings.corrections,
        "right_label": right_label,
        "gap": text.gap(),
    }


@blueprint.app_template_test()
def invitation(sentence: str) -> bool:
    """Whether a sentence is that of an empty page, which invites to draw."""
    return sentence == text.invitation()


def right_label(prediction: Prediction) -> str:
    """The label that says what the answer's sentence says; as `rightLabel` in labels.js.

    Empty where it says that there are several digits, which were not read.
    """
    if prediction.several_digits:
        return ""
    if not prediction.is_digit:
        return NOT_A_DIGIT
    return prediction.text if len(prediction.digits) > 1 else str(prediction.digit)


def read_upload(
    read: Callable[[ModelInputs, Models, PredictRequest], P], **overrides: str
) -> tuple[P | None, str, int]:
    """Read the image that a browser without JavaScript uploaded.

    Returns the signed prediction by `read`, an empty string and 200; or None, a translated error
    sentence and the status of the error. `overrides` replace options of the form. Raises `Problem`
    for clients that want JSON.
    """
    try:
        upload = upload_in_form(request)
        options = msgspec.structs.replace(upload.options, **overrides)
        picture = charged(upload.picture, options, is_explained=read is explain)
        inputs = ModelInputs(picture.image, picture.scale)
        with as_problems():
            prediction = read(inputs, services().models, options)
        services().signer.sign(prediction, inputs, keep_whole=True)
    except Problem as problem:
        if wants_json():
            raise
        return None, text.problem_sentence(problem.code), problem.status
    except RequestEntityTooLarge as error:
        if wants_json():
            raise
        return None, text.problem_sentence("too_large"), error.code
    return prediction, "", HTTPStatus.OK


def accuracies() -> dict[str, dict[str, float]]:
    """Accuracy in 0..1 by model and by data set, for the data sets that all models share."""
    return {
        name: {each.data: each.accuracy for each in card.evaluations if each.data in _COMPARABLE}
        for name, card in services().models.cards().items()
    }
