"""POST /api/v1/predict and /api/v1/explain: read the digit or number in a picture."""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, Request, Response, request

from trainer.recognition.image import Picture
from webapp.api.operation import operation
from webapp.api.problems import PICTURE_PROBLEMS
from webapp.http.errors import Problem
from webapp.http.images import picture_in_form, picture_in_json
from webapp.http.json import as_json
from webapp.inference.explain import explain
from webapp.inference.predict import answer
from webapp.problems import as_problems
from webapp.schemas import Explanation, Prediction, PredictRequest
from webapp.services import services
from webapp.translatable import N_

blueprint = Blueprint("predict", __name__, url_prefix="/api/v1")


@blueprint.post("/predict")
@operation(
    "predict",
    N_("Read the digit or number in a picture"),
    body=PredictRequest,
    form=True,
    responses={HTTPStatus.OK: (N_("The answer."), Prediction)},
    problems=PICTURE_PROBLEMS,
)
def predict() -> Response:
    """Read the digit or the number in a picture."""
    picture, options = _picture_in(request)
    with as_problems():
        return _signed(answer(picture, services().models, options))


@blueprint.post("/explain")
@operation(
    "explain",
    N_("Read a digit and explain how the model reached its answer"),
    body=PredictRequest,
    form=True,
    responses={HTTPStatus.OK: (N_("The answer and its explanation."), Explanation)},
    problems=PICTURE_PROBLEMS,
)
def predict_and_explain() -> Response:
    """Read the digit in a picture and explain how the model reached its answer."""
    picture, options = _picture_in(request)
    with as_problems():
        return _signed(explain(picture, services().models, options))


def _picture_in(request: Request) -> tuple[Picture, PredictRequest]:
    """The picture and the options of a JSON body or a form. Raises `Problem`."""
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
    return as_json(services().signer.sign(prediction))
