"""Exports and imports drawings as files."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from typing import BinaryIO, TypeVar

from flask import Blueprint, Flask, Response, g, request, send_file
from werkzeug.wrappers import Response as AnyResponse

from trainer.recognition.preprocess import EmptyDrawing
from webapp.feedback import predicted_correction
from webapp.http.errors import Problem
from webapp.http.json import json_or_redirect
from webapp.services import services
from webapp.storage import audit, import_export
from webapp.storage.drawings import Correction, accepted, store
from webapp.storage.tables import Drawing

blueprint = Blueprint("drawings", __name__)

T = TypeVar("T")

_MAX_BYTES = 256 << 20
"""Of an imported file."""


def init_app(app: Flask) -> None:
    """Allow imports to be larger than other requests. Call it after the guard is set up, so that
    it holds for administrators alone, and before the CSRF check, which reads the form."""

    @app.before_request
    def allow_large_imports() -> None:
        if request.endpoint == "admin.drawings.import_file":
            request.max_content_length = _MAX_BYTES


@blueprint.get("/drawings/strokes.jsonl.gz")
def strokes() -> Response:
    """Export the strokes of the accepted drawings, as the trainer's records."""
    return _download(import_export.write_strokes, "application/gzip")


@blueprint.get("/drawings/pictures.zip")
def pictures() -> Response:
    """Export the accepted drawings as PNG files, as `trainer --data folder:` reads them."""
    return _download(import_export.write_pictures, "application/zip")


@blueprint.post("/drawings")
def import_file() -> AnyResponse:
    """Import an exported file as accepted drawings: all of them or, on an error, none."""
    file = request.files.get("file")
    if file is None:
        raise Problem(HTTPStatus.BAD_REQUEST, "invalid_request", "The form has no field `file`")
    content = file.read()
    is_archive = content[:2] == b"PK"
    read = import_export.read_pictures if is_archive else import_export.read_strokes
    try:
        corrections = [_correction(each) for each in _pausing(read(content))]
    except import_export.BadImport as error:
        detail = f"{file.filename}: {error}. Nothing was imported"
        raise Problem(HTTPStatus.BAD_REQUEST, "bad_import", detail) from error
    counts = {"kept": 0, "known": 0, "empty": corrections.count(None)}
    with services().database.writing() as session:
        for correction, visitor in _pausing(filter(None, corrections)):
            _drawing, is_new = store(session, correction, visitor, "accepted")
            counts["kept" if is_new else "known"] += 1
        audit.record(session, g.admin, "imported", file=file.filename, **counts)
    return json_or_redirect(counts, "admin.dashboard.overview")


def _correction(each: import_export.Imported) -> tuple[Correction, str] | None:
    """The correction with the default model's prediction, and its visitor; None without ink."""
    models = services().models
    try:
        return predicted_correction(models, each.label, each.picture, each.strokes), each.visitor
    except EmptyDrawing:
        return None


def _pausing(items: Iterable[T]) -> Iterator[T]:
    """Yield to other greenlets between items: requests, and gunicorn's heartbeat."""
    for item in items:
        yield item
        time.sleep(0)


def _download(write: Callable[[BinaryIO, Iterable[Drawing]], None], kind: str) -> Response:
    """A response with a file of the accepted drawings, written to disk as it may be large."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the response closes it
    with services().database.reading() as session:
        write(file, _pausing(accepted(session)))
    size = file.tell()
    file.seek(0)
    name = f"inkling-{request.path.rpartition('/')[2]}"
    response = send_file(file, kind, as_attachment=True, download_name=name)
    response.content_length = size
    return response
