"""The API's contract as an OpenAPI document, and a page to read and try it."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Any

import msgspec
from flask import Blueprint, Response, jsonify, render_template

from webapp.http.i18n import N_
from webapp.schemas import (
    Explanation,
    FeedbackRequest,
    Kept,
    ModelList,
    Prediction,
    PredictRequest,
    ProblemDetails,
)

blueprint = Blueprint("docs", __name__, url_prefix="/api")

_ERRORS = {
    400: N_(
        "The body is not what it should be: `not_json`, `invalid_request`, `not_a_data_url`, "
        "`broken_base64`, `unknown_model`."
    ),
    413: N_("More than 10 MB or 25 megapixels: `too_large`."),
    415: N_(
        "Neither JSON nor a form (`unsupported_media_type`), or not a PNG, JPEG, WebP, GIF or BMP "
        "(`unsupported_picture`)."
    ),
    422: N_("Nothing is drawn (`empty_drawing`), or the picture is damaged (`broken_picture`)."),
}

_FEEDBACK_ERRORS = {
    400: N_(
        "The body is not what it should be: `not_json`, `invalid_request`, `not_a_data_url`, "
        "`broken_base64`; or the `prediction_id` is too old: `unknown_prediction`."
    ),
    403: N_("This site keeps no corrections: `corrections_off`."),
    413: _ERRORS[413],
    415: N_(
        "Not JSON (`unsupported_media_type`), or not a PNG, JPEG, WebP, GIF or BMP "
        "(`unsupported_picture`)."
    ),
    422: _ERRORS[422],
    429: N_("Enough of this client for today: `too_many_corrections`."),
    503: N_("It could not be kept just now: `not_kept`."),
}


@blueprint.get("/v1/openapi.json")
def contract() -> Response:
    return jsonify(openapi())


@blueprint.get("/docs")
def page() -> str:
    return render_template("api.html", contract=openapi())


def openapi() -> dict[str, Any]:
    """The contract, made from the very types that check requests and make answers."""
    bodies = (PredictRequest, Prediction, Explanation, ModelList, FeedbackRequest, Kept)
    references, components = msgspec.json.schema_components(
        [*bodies, ProblemDetails], ref_template="#/components/schemas/{name}"
    )
    request, prediction, explanation, models, feedback, kept, problem = references
    form = {
        "type": "object",
        "required": ["image"],
        "properties": {
            "image": {"type": "string", "format": "binary", "description": N_("The picture file.")},
            "mode": components["PredictRequest"]["properties"]["mode"],
            "model": {"type": "string"},
        },
    }
    problems = _problems(_ERRORS, problem)
    body = {
        "required": True,
        "content": {
            "application/json": {"schema": request},
            "multipart/form-data": {"schema": form},
        },
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Inkling",
            "version": _version(),
            "description": N_("Reads the digits people draw."),
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "paths": {
            "/api/v1/predict": {
                "post": {
                    "operationId": "predict",
                    "summary": N_("Read the digit, or the number, in a picture"),
                    "requestBody": body,
                    "responses": {"200": _ok(N_("What was read."), prediction)} | problems,
                }
            },
            "/api/v1/explain": {
                "post": {
                    "operationId": "explain",
                    "summary": N_("Read a digit, and tell how the model came to its answer"),
                    "requestBody": body,
                    "responses": {
                        "200": _ok(N_("What was read, and how."), explanation),
                    }
                    | problems,
                }
            },
            "/api/v1/feedback": {
                "post": {
                    "operationId": "feedback",
                    "summary": N_("Say whether an answer was right; the drawing is kept"),
                    "requestBody": {
                        "required": True,
                        "content": {"application/json": {"schema": feedback}},
                    },
                    "responses": {
                        "201": _ok(N_("Kept."), kept),
                        "200": _ok(N_("This very drawing was kept already."), kept),
                    }
                    | _problems(_FEEDBACK_ERRORS, problem),
                }
            },
            "/api/v1/feedback/{id}": {
                "delete": {
                    "operationId": "take_back",
                    "summary": N_("Delete a drawing that was given with the same cookie"),
                    "parameters": [
                        {
                            "name": "id",
                            "in": "path",
                            "required": True,
                            "schema": {"type": "string", "minLength": 1},
                        }
                    ],
                    "responses": {"204": {"description": N_("Deleted.")}}
                    | _problems({404: N_("There is no such drawing of yours.")}, problem),
                }
            },
            "/api/v1/models": {
                "get": {
                    "operationId": "models",
                    "summary": N_("The models that can be asked, with their figures"),
                    "responses": {"200": _ok(N_("The models, the default one first."), models)},
                }
            },
        },
        "components": {"schemas": components},
    }


def _problems(descriptions: dict[int, str], schema: dict[str, Any]) -> dict[str, Any]:
    content = {"application/problem+json": {"schema": schema}}
    return {
        str(status): {"description": description, "content": content}
        for status, description in descriptions.items()
    }


def _ok(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _version() -> str:
    try:
        return version("inkling")
    except PackageNotFoundError:  # a checkout that was never installed
        return "0"
