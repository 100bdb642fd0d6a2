"""The API, version 1."""

from __future__ import annotations

from http import HTTPStatus

import msgspec
from flask import Blueprint, Request, Response, request

from trainer.recognition.bundle import Card
from trainer.recognition.image import Picture
from webapp.http.errors import Problem
from webapp.http.images import picture_in_form, picture_in_json
from webapp.http.json import as_json
from webapp.inference.explain import explain
from webapp.inference.predict import answer
from webapp.schemas import Measured, ModelInfo, ModelList, Prediction, PredictRequest
from webapp.services import services

blueprint = Blueprint("api", __name__, url_prefix="/api/v1")


@blueprint.post("/predict")
def predict() -> Response:
    """Read the digit, or the number, in a picture."""
    picture, wishes = _picture_in(request)
    return _signed(answer(picture, services().models, wishes))


@blueprint.post("/explain")
def look_inside() -> Response:
    """Read the digit in a picture, and tell how the model came to its answer."""
    picture, wishes = _picture_in(request)
    return _signed(explain(picture, services().models, wishes))


@blueprint.get("/models")
def list_models() -> Response:
    """The models that can be asked, with their cards' figures."""
    models = services().models
    infos = [_info(name, card, models.default) for name, card in models.cards().items()]
    return as_json(ModelList(models=infos))


def _picture_in(request: Request) -> tuple[Picture, PredictRequest]:
    match request.mimetype:
        case "application/json":
            return picture_in_json(request)
        case "multipart/form-data":
            return picture_in_form(request)
    raise Problem(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "unsupported_media_type",
        "Send application/json or multipart/form-data",
    )


def _signed(prediction: Prediction) -> Response:
    signer = services().signer
    return as_json(signer.sign(prediction))


def _info(name: str, card: Card, default: str) -> ModelInfo:
    return ModelInfo(
        name=name,
        version=card.version,
        default=name == default,
        architecture=card.architecture,
        parameters=card.parameters,
        created=card.created,
        evaluations=[
            msgspec.convert(evaluation, Measured, from_attributes=True)
            for evaluation in card.evaluations
        ],
    )
