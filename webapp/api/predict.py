"""POST /api/v1/predict and /api/v1/explain: read the digit or number in a picture."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from flask import Blueprint, Response, request

from trainer.recognition.image import Picture
from trainer.recognition.model_inputs import ModelInputs
from webapp.api.operation import operation
from webapp.api.problems import PICTURE_PROBLEMS
from webapp.cost import charged
from webapp.http.errors import Problem
from webapp.http.images import Upload, upload_in
from webapp.http.json import as_json
from webapp.http.lanes import lane_by_size, runs_in
from webapp.inference.explain import explain
from webapp.inference.predict import answer
from webapp.inference.registry import Models
from webapp.problems import as_problems
from webapp.schemas import Explanation, Prediction, PredictRequest
from webapp.services import services
from webapp.threads import Lane, in_thread
from webapp.translatable import N_

Read = Callable[[ModelInputs, Models, PredictRequest], Prediction]

blueprint = Blueprint("predict", __name__, url_prefix="/api/v1")

_LENIENT = "handling=lenient"
_EMPTY = N_("The picture is empty, and the request has the header `Prefer: handling=lenient`.")


@blueprint.post("/predict")
@operation(
    "predict",
    N_("Read the digit or number in a picture"),
    body=PredictRequest,
    form=True,
    responses={
        HTTPStatus.OK: (N_("The answer."), Prediction),
        HTTPStatus.NO_CONTENT: (_EMPTY, None),
    },
    problems=PICTURE_PROBLEMS,
)
@runs_in(lane_by_size)
def predict() -> Response:
    """Read the digit or the number in a picture."""
    upload = upload_in(request)
    return _or_nothing(lambda: in_thread(_lane_of(upload), _answered, upload))


@blueprint.post("/explain")
@operation(
    "explain",
    N_("Read a digit and explain how the model reached its answer"),
    body=PredictRequest,
    form=True,
    responses={
        HTTPStatus.OK: (N_("The answer and its explanation."), Explanation),
        HTTPStatus.NO_CONTENT: (_EMPTY, None),
    },
    problems=PICTURE_PROBLEMS,
)
def predict_and_explain() -> Response:
    """Read the digit in a picture and explain how the model reached its answer."""
    return _or_nothing(lambda: _explained(upload_in(request)))


def _lane_of(upload: Upload) -> Lane:
    """The lane of a prediction: the page's drawings are read sooner than a thread would start."""
    asks_little = upload.options.mode != "number" and not upload.options.model
    return Lane.GREENLET if asks_little and upload.is_drawing else Lane.COMPUTE


def _or_nothing(answer: Callable[[], Response]) -> Response:
    """The answer; 204 instead of a problem for an empty picture, if the request prefers that.

    The page sends what is drawn before anybody knows whether it can be read, and a browser reports
    each response with an error's status as an error of the page.
    """
    try:
        return answer()
    except Problem as problem:
        prefers = [each.strip() for each in request.headers.get("Prefer", "").split(",")]
        if problem.code != "empty_drawing" or _LENIENT not in prefers:
            raise
    headers = {"Preference-Applied": _LENIENT}
    return Response(status=HTTPStatus.NO_CONTENT, headers=headers)


def _explained(upload: Upload) -> Response:
    picture = charged(upload.picture, upload.options, is_explained=True)
    with as_problems():
        return _signed(explain, picture, upload.options)


def _answered(upload: Upload) -> Response:
    picture = charged(upload.picture, upload.options)
    with as_problems():
        return _signed(answer, picture, upload.options)


def _signed(read: Read, picture: Picture, options: PredictRequest) -> Response:
    inputs = ModelInputs(picture.image, picture.scale)
    prediction = read(inputs, services().models, options)
    return as_json(services().signer.sign(prediction, inputs))
