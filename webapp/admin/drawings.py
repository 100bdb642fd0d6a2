"""Exports, imports and deletes drawings."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from typing import BinaryIO

import msgspec
from flask import Blueprint, Flask, Response, g, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response as AnyResponse

from webapp import importing
from webapp.http.errors import Problem
from webapp.http.json import as_json, json_or_redirect
from webapp.services import services
from webapp.storage import audit, exports, full_disk, imports, run_files
from webapp.storage.database import Database
from webapp.storage.drawings import accepted, delete_all
from webapp.storage.tables import Drawing, Import, ImportStatus
from webapp.threads import Lane, iterate

blueprint = Blueprint("drawings", __name__)
api = Blueprint("imports", __name__, url_prefix="/imports")

_DASHBOARD = "admin.dashboard.overview"

_MAX_BYTES = 256 << 20
"""Of an imported file."""

_WAIT_SECONDS = 2.0
"""A response to an import waits so long for its end: small files need no second request."""

_LOOK_EVERY = 0.05  # seconds


class ImportView(msgspec.Struct):
    """An import as the page and scripts see it. Times are ISO 8601 in UTC."""

    id: str
    created: str
    file: str
    state: str
    share: float
    kept: int
    known: int
    empty: int
    code: str
    error: str


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
    return _download(exports.strokes_file, "application/gzip")


@blueprint.get("/drawings/pictures.zip")
def pictures() -> Response:
    """Export the accepted drawings as PNG files, as `trainer --data folder:` reads them."""
    return _download(exports.pictures_file, "application/zip")


@blueprint.post("/drawings")
def import_file() -> AnyResponse:
    """Import an exported file as accepted drawings: all of them or, on an error, none.

    The import goes on beside the requests; `/admin/api/imports/ID` tells how far it is.
    """
    uploaded = request.files.get("file")
    if uploaded is None:
        raise Problem(HTTPStatus.BAD_REQUEST, "invalid_request", "The form has no field `file`")
    try:
        identity = importing.start(services(), _file(uploaded), uploaded.filename or "", g.admin)
    except imports.TooManyImports as error:
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "too_many_imports", str(error)) from error
    found = _ended(identity)
    if found.state in imports.LIVE:
        response = json_or_redirect(view(found), _DASHBOARD, HTTPStatus.ACCEPTED)
        if response.status_code == HTTPStatus.ACCEPTED:
            response.location = url_for("admin.api.imports.one", identity=identity)
        return response
    if found.state != ImportStatus.DONE:
        is_bad = found.code == "bad_import"
        status = HTTPStatus.BAD_REQUEST if is_bad else HTTPStatus.SERVICE_UNAVAILABLE
        raise Problem(status, found.code, f"{found.file}: {found.error}. Nothing was imported")
    counts = {"kept": found.kept, "known": found.known, "empty": found.empty}
    return json_or_redirect(counts, _DASHBOARD)


@api.get("/<identity>")
def one(identity: str) -> Response:
    """An import, and how far it is."""
    return as_json(view(_found(identity)))


@blueprint.get("/drawings/delete")
def confirm_deletion() -> str:
    """Ask whether to delete all drawings."""
    return render_template("admin/delete.html")


@blueprint.post("/drawings/delete")
def delete() -> AnyResponse:
    """Delete all drawings."""
    return json_or_redirect(
        {"deleted": delete_everything(services().database, g.admin)}, _DASHBOARD
    )


def delete_everything(database: Database, who: str) -> int:
    """Delete all drawings, on a full disk too; return how many. Imports that are live end."""

    def action(session: Session) -> int:
        imports.end_all(session, "all drawings were deleted")
        count = delete_all(session)
        run_files.delete_all(session)  # drawings that runs are learning from are among them
        audit.record(session, who, "deleted", count=count)
        return count

    count = full_disk.delete(database, action)
    full_disk.shrink(database)
    return count


def view(found: Import) -> ImportView:
    """An import as the page and scripts see it."""
    return ImportView(
        id=found.id,
        created=found.created.isoformat(timespec="seconds"),
        file=found.file,
        state=found.state,
        share=found.share,
        kept=found.kept,
        known=found.known,
        empty=found.empty,
        code=found.code,
        error=found.error,
    )


def _file(uploaded: FileStorage) -> BinaryIO:
    """The uploaded file, which Werkzeug has on a disk, to outlive the request."""
    uploaded.stream.flush()
    return os.fdopen(os.dup(uploaded.stream.fileno()), "rb")


def _ended(identity: str) -> Import:
    """The import once it has ended, or as it is when the time to wait is over."""
    deadline = time.monotonic() + _WAIT_SECONDS
    while True:
        found = _found(identity)
        if found.state not in imports.LIVE or time.monotonic() >= deadline:
            return found
        time.sleep(_LOOK_EVERY)


def _found(identity: str) -> Import:
    """Raises `Problem`."""
    found = imports.find(services().database, identity)
    if found is None:
        raise Problem(HTTPStatus.NOT_FOUND, "not_found", "There is no such import")
    return found


def _download(write: Callable[[Iterable[Drawing]], Iterator[bytes]], kind: str) -> Response:
    """A streamed response with a file of the accepted drawings."""
    chunks = write(accepted(services().database))
    response = Response(iterate(Lane.DATABASE, chunks), mimetype=kind)
    name = f"inkling-{request.path.rpartition('/')[2]}"
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response
