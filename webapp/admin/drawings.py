"""Kept drawings as files, to take away and to bring."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from typing import BinaryIO, TypeVar

from flask import Blueprint, Response, g, request, send_file
from werkzeug.wrappers import Response as AnyResponse

from trainer.recognition.preprocess import EmptyDrawing
from webapp.http.errors import Problem
from webapp.http.json import json_or_redirect
from webapp.inference.predict import answer
from webapp.inference.signed_prediction import SignedPrediction
from webapp.schemas import PredictRequest
from webapp.services import services
from webapp.storage import audit
from webapp.storage import import_export as exchange
from webapp.storage.drawings import Correction, accepted, correction, keep
from webapp.storage.tables import Drawing

blueprint = Blueprint("drawings", __name__)

T = TypeVar("T")

_MOST_BYTES = 256 << 20
"""Of a file that is brought."""


@blueprint.get("/drawings/strokes.jsonl.gz")
def strokes() -> Response:
    """The accepted drawings that have strokes, as the trainer's records."""
    return _download(exchange.write_strokes, "application/gzip")


@blueprint.get("/drawings/pictures.zip")
def pictures() -> Response:
    """The accepted drawings as PNG files, as `trainer --data folder:` reads them."""
    return _download(exchange.write_pictures, "application/zip")


@blueprint.post("/drawings")
def bring() -> AnyResponse:
    """Keep the drawings of such a file as accepted ones; all of them or, with an error, none."""
    request.max_content_length = _MOST_BYTES
    file = request.files.get("file")
    if file is None:
        raise Problem(HTTPStatus.BAD_REQUEST, "invalid_request", "The form has no field `file`")
    content = file.read()
    read = exchange.read_pictures if content[:2] == b"PK" else exchange.read_strokes
    try:
        brought = [_read(each) for each in _pausing(read(content))]
    except exchange.BadImport as error:
        detail = f"{file.filename}: {error}. Nothing was kept"
        raise Problem(HTTPStatus.BAD_REQUEST, "bad_import", detail) from error
    counts = {"kept": 0, "known": 0, "empty": brought.count(None)}
    database = services().database
    with database.writing() as session:
        for given, visitor in _pausing(filter(None, brought)):
            _drawing, is_new = keep(session, given, visitor, "accepted")
            counts["kept" if is_new else "known"] += 1
        audit.record(session, g.admin, "imported", file=file.filename, **counts)
    return json_or_redirect(counts, "admin.dashboard.overview")


def _read(each: exchange.Imported) -> tuple[Correction, str] | None:
    """What the default model says of it, and who drew it; None where there is no ink."""
    models = services().models
    try:
        signed = SignedPrediction.of(answer(each.picture, models, PredictRequest(image="")))
        return correction(signed, each.label, each.picture, each.strokes), each.visitor
    except (Problem, EmptyDrawing):
        return None


def _pausing(items: Iterable[T]) -> Iterator[T]:
    """Let the worker's other requests, and its sign of life, come in between."""
    for item in items:
        yield item
        time.sleep(0)


def _download(write: Callable[[BinaryIO, Iterable[Drawing]], None], kind: str) -> Response:
    """What `write` makes of the accepted drawings: by way of the disk, as they may be many."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the response closes it
    with services().database.reading() as session:
        write(file, _pausing(accepted(session)))
    size = file.tell()
    file.seek(0)
    name = f"inkling-{request.path.rpartition('/')[2]}"
    response = send_file(file, kind, as_attachment=True, download_name=name)
    response.content_length = size
    return response
