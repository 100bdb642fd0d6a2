"""The API's contract as an OpenAPI document, and the page that shows it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import msgspec
from flask import Blueprint, Flask, Response, current_app, jsonify, render_template, request
from markupsafe import Markup, escape

from trainer.recognition import __version__
from webapp.api.operation import Operation, operation_of
from webapp.http.batch_files import MAX_PICTURES
from webapp.schemas import ProblemDetails
from webapp.translatable import N_

blueprint = Blueprint("docs", __name__, url_prefix="/api")

_CODE = re.compile(r"`([^`]+)`")

Schema = dict[str, Any]
Route = tuple[str, str, Operation]
"""Path with its parameters in braces, method in lower case, and what the view declares."""

_FILE = {"type": "string", "format": "binary", "description": N_("The picture file.")}
_FILES = {
    "type": "array",
    "minItems": 1,
    "maxItems": MAX_PICTURES,
    "items": {"type": "string", "format": "binary"},
    "description": N_("Picture files, and ZIP archives of such files."),
}


@blueprint.get("/v1/openapi.json")
def contract() -> Response:
    """The OpenAPI document."""
    return jsonify(openapi() | {"servers": [{"url": request.script_root or "/"}]})


@blueprint.get("/docs")
def page() -> str:
    """The contract as a page, with a form to try it out."""
    return render_template("api.html", contract=openapi())


@blueprint.app_template_filter()
def marked_code(text: str) -> Markup:
    """A text of the contract, which is CommonMark, as HTML: what is in backticks is code."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704


def openapi() -> dict[str, Any]:
    """The OpenAPI document of the current app's routes. Callers must not change it."""
    return _document(tuple(_routes(current_app)))


def _routes(app: Flask) -> Iterator[Route]:
    """The routes whose views are declared as operations, in the order of registration."""
    for rule in app.url_map.iter_rules():
        if declared := operation_of(app.view_functions[rule.endpoint]):
            path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                yield path, method.lower(), declared


@cache
def _document(routes: tuple[Route, ...]) -> dict[str, Any]:
    schemas, components = _schemas([declared for _path, _method, declared in routes])
    paths: dict[str, dict[str, Any]] = {}
    for path, method, declared in routes:
        paths.setdefault(path, {})[method] = _operation(path, declared, schemas, components)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Inkling",
            "version": __version__,
            "description": N_("Reads handwritten digits."),
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {"schemas": components},
    }


def _schemas(operations: list[Operation]) -> tuple[dict[Any, Schema], dict[str, Schema]]:
    """A reference for each type of a body, and the components that the references point to."""
    bodies: list[Any] = [each.body for each in operations]
    bodies += [body for each in operations for _description, body in each.responses.values()]
    types = [*dict.fromkeys(body for body in bodies if body), ProblemDetails]
    references, components = msgspec.json.schema_components(
        types, ref_template="#/components/schemas/{name}"
    )
    return dict(zip(types, references, strict=True)), components


def _operation(
    path: str, declared: Operation, schemas: dict[Any, Schema], components: dict[str, Schema]
) -> dict[str, Any]:
    described: dict[str, Any] = {"operationId": declared.name, "summary": declared.summary}
    if names := re.findall(r"{(\w+)}", path):
        described["parameters"] = [
            {
                "name": name,
                "in": "path",
                "required": True,
                "schema": {"type": "string", "minLength": 1},
            }
            for name in names
        ]
    if declared.body and declared.files:
        fields = components[declared.body.__name__]["properties"]
        form = {"multipart/form-data": {"schema": _upload_form(fields, _FILES)}}
        described["requestBody"] = {"required": True, "content": form}
    elif declared.body:
        content = {"application/json": {"schema": schemas[declared.body]}}
        if declared.form:
            fields = components[declared.body.__name__]["properties"]
            content["multipart/form-data"] = {"schema": _upload_form(fields, _FILE)}
            content["image/*"] = {"schema": _FILE}
            described.setdefault("parameters", []).extend(_query(fields))
        described["requestBody"] = {"required": True, "content": content}
    described["responses"] = {
        str(int(status)): _response(description, "application/json", schemas.get(body))
        for status, (description, body) in declared.responses.items()
    } | {
        str(int(status)): _response(
            description, "application/problem+json", schemas[ProblemDetails]
        )
        for status, description in declared.problems.items()
    }
    return described


def _upload_form(fields: dict[str, Schema], image: Schema) -> Schema:
    """The form equivalent of a `PredictRequest`: the image as a file, and no strokes."""
    return {
        "type": "object",
        "required": ["image"],
        "properties": {"image": image} | _options(fields),
    }


def _query(fields: dict[str, Schema]) -> list[Schema]:
    """The options of a picture that is the body itself."""
    return [
        {
            "name": name,
            "in": "query",
            "description": N_("With a picture file as the body, instead of the field."),
            "schema": schema,
        }
        for name, schema in _options(fields).items()
    ]


def _options(fields: dict[str, Schema]) -> dict[str, Schema]:
    """The options of a `PredictRequest` that forms and queries have, as they are text."""
    return {"mode": fields["mode"], "model": {"type": "string"}}


def _response(description: str, kind: str, schema: Schema | None) -> dict[str, Any]:
    content = {"content": {kind: {"schema": schema}}} if schema else {}
    return {"description": description, **content}
