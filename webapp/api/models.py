"""GET /api/v1/models: the available models and their evaluations."""

from __future__ import annotations

from http import HTTPStatus

import msgspec
from flask import Blueprint, Response

from trainer.recognition.bundle import Card
from webapp.api.operation import operation
from webapp.http.json import as_json
from webapp.schemas import Measured, ModelInfo, ModelList
from webapp.services import services
from webapp.translatable import N_

blueprint = Blueprint("models", __name__, url_prefix="/api/v1/models")


@blueprint.get("")
@operation(
    "models",
    N_("List the available models and their evaluations"),
    responses={HTTPStatus.OK: (N_("The models, the default model first."), ModelList)},
)
def list_models() -> Response:
    """List the models with the figures of their cards, the default model first."""
    models = services().models
    infos = [_info(name, card, models.default) for name, card in models.cards().items()]
    return as_json(ModelList(models=infos))


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
