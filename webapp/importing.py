"""Imports a file of drawings beside the requests: in a thread, in short batches, all or nothing."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any, BinaryIO, TypeVar

from sqlalchemy.exc import SQLAlchemyError

from trainer.recognition.preprocess import EmptyDrawing
from webapp.inference.corrections import predicted_correction
from webapp.services import Services
from webapp.storage import imports
from webapp.storage.database import DatabaseUnavailable
from webapp.storage.drawings import row
from webapp.storage.import_files import BadImport, read_drawings
from webapp.storage.imports import ImportEnded, Staging
from webapp.storage.liveness import LOST_AFTER
from webapp.threads import start_thread

log = logging.getLogger(__name__)

T = TypeVar("T")

_BATCH_ROWS = 100
_BATCH_BYTES = 1 << 20
_HEARTBEAT_EVERY = _TURN_EVERY = _RETRY_EVERY = 0.5  # seconds


class Interrupted(Exception):
    """The process is stopping."""


def start(services: Services, file: BinaryIO, name: str, who: str) -> str:
    """Import a file, which is closed in the end; return the id of the import.

    Raises `TooManyImports`.
    """
    staging = imports.add(services.database, who, name)
    start_thread(_Job(services, staging, file).run)
    return staging.id


def clear(services: Services) -> None:
    """Remove what failed and lost imports left behind, without waiting for it."""
    if imports.needs_clearing(services.database):
        start_thread(lambda: _clear(services))


def _clear(services: Services) -> None:
    try:
        imports.clear(services.database)
    except SQLAlchemyError as error:
        log.error("drawings of an unfinished import could not be removed yet: %s", error)


class _Job:
    """One import, in a thread of its own."""

    def __init__(self, services: Services, staging: Staging, file: BinaryIO) -> None:
        self._services = services
        self._staging = staging
        self._file = file
        self._rows: list[dict[str, Any]] = []
        self._last_sign = time.monotonic()  # of life

    def run(self) -> None:
        """Import the file, and record in the table how it ended."""
        try:
            with self._file:
                failure = self._failure()
            if failure:
                self._staging.fail(*failure)
        except ImportEnded:
            log.error("import %s was marked as lost or cancelled", self._staging.id)
        except SQLAlchemyError as error:
            log.error("import %s: its end could not be stored: %s", self._staging.id, error)
        _clear(self._services)

    def _failure(self) -> tuple[str, str] | None:
        """Import; return the code and the sentence of what went wrong. Raises `ImportEnded`."""
        try:
            self._wait_for_turn()
            self._import()
        except BadImport as error:
            return "bad_import", str(error)
        except Interrupted:
            return "interrupted", "the server is stopping; import it again"
        except DatabaseUnavailable as error:
            log.error("import %s: %s", self._staging.id, error)
            return "database", "the database did not take it; import it again"
        except ImportEnded:
            raise
        except Exception:
            log.exception("import %s failed", self._staging.id)
            return "internal_error", "internal error; it was logged"
        return None

    def _wait_for_turn(self) -> None:
        """Begin once no other import runs, and remove what those before it left behind.

        Later would be too late: a drawing that a dead import holds would count as there already,
        and then be removed with what that import left.
        """
        while not self._patiently(self._staging.begin):
            self._go_on()
            time.sleep(_TURN_EVERY)
        self._patiently(lambda: imports.clear(self._services.database, self._show_life))

    def _import(self) -> None:
        read = empty = size = 0
        for each in read_drawings(self._file):
            self._go_on()
            try:
                correction = predicted_correction(
                    self._services.models, each.label, each.picture, each.strokes
                )
            except EmptyDrawing:
                empty += 1
            else:
                read += 1
                side = self._services.sides.of_origin(each.visitor)
                if each.held_back is not None:
                    side = side._replace(held_back=each.held_back)
                self._rows.append(row(correction, each.visitor, side, "accepted"))
                size += len(correction.picture)
            if self._is_heartbeat_due() or len(self._rows) >= _BATCH_ROWS or size >= _BATCH_BYTES:
                self._stage(each.share)
                size = 0
        self._stage(1.0)
        self._patiently(lambda: self._staging.finish(read, empty))

    def _stage(self, share: float) -> None:
        self._patiently(lambda: self._staging.stage(self._rows, share=share))
        self._rows.clear()

    def _show_life(self) -> None:
        self._go_on()
        if self._is_heartbeat_due():
            self._patiently(self._staging.beat)

    def _is_heartbeat_due(self) -> bool:
        return time.monotonic() >= self._last_sign + _HEARTBEAT_EVERY

    def _patiently(self, write: Callable[[], T]) -> T:
        """Write, which is a sign of life; again, if the database is locked, until it is too late.

        Somebody may have marked the import as lost then.
        """
        while True:
            try:
                written = write()
            except DatabaseUnavailable as error:
                if time.monotonic() >= self._last_sign + LOST_AFTER.total_seconds():
                    raise
                log.warning("import %s: trying again: %s", self._staging.id, error)
            else:
                self._last_sign = time.monotonic()
                return written
            self._go_on()
            time.sleep(_RETRY_EVERY)

    def _go_on(self) -> None:
        if self._services.is_stopping():
            raise Interrupted
