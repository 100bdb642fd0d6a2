"""The API, version 1."""

from __future__ import annotations

from http import HTTPStatus

import msgspec
from flask import Blueprint, Response, current_app, request

from trainer.bundle import Card
from webapp.answers import answer
from webapp.errors import Problem
from webapp.models import Models
from webapp.schemas import Measured, ModelInfo, ModelList
from webapp.uploads import picture_in_form, picture_in_json

blueprint = Blueprint("api", __name__, url_prefix="/api/v1")

JSON = "application/json"


@blueprint.post("/predict")
def predict() -> Response:
    """Read the digit, or the number, in a picture."""
    match request.mimetype:
        case "application/json":
            picture, wishes = picture_in_json(request)
        case "multipart/form-data":
            picture, wishes = picture_in_form(request)
        case _:
            raise Problem(
                HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "Send application/json or multipart/form-data",
            )
    prediction = answer(picture, current_app.extensions["models"], wishes)
    return Response(msgspec.json.encode(prediction), mimetype=JSON)


@blueprint.get("/models")
def list_models() -> Response:
    """The models that can be asked, with their cards' figures."""
    models: Models = current_app.extensions["models"]
    infos = [_info(name, card, models.default) for name, card in models.cards().items()]
    return Response(msgspec.json.encode(ModelList(models=infos)), mimetype=JSON)


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
