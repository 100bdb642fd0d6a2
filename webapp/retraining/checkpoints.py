"""Stores what a run is resumed from with the run, after each epoch, and fetches it elsewhere.

The trainer's folder of a run is on one host. A worker of another one, or of a host whose folder was
deleted, goes on from what is in the database.
"""

from __future__ import annotations

import logging
import os
import shutil
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from webapp.retraining.runs import Claim
from webapp.storage import run_files
from webapp.storage.database import Database
from webapp.storage.exports import CORRECTIONS_FILE
from webapp.storage.file_tables import parts

log = logging.getLogger(__name__)

PLAN = "run.json"
"""The trainer's file that is there from the start of a training on."""

CORRECTIONS = "corrections"
"""The folder of the drawings that a run learns from and is judged by, within its own."""

_DRAWINGS = f"{CORRECTIONS}/{CORRECTIONS_FILE}"
_CHECKPOINT = "checkpoint.safetensors"
_METRICS = "metrics.jsonl"
_FILES = (
    _CHECKPOINT,  # first: the trainer writes it last, so that others may be of a later epoch
    _METRICS,
    "best.safetensors",
    "last.safetensors",
    "start.safetensors",
    PLAN,
)

_MAX_DRAWINGS_BYTES = 128 << 20
_MAX_EPOCH_BYTES = 32 << 20  # of all files of a checkpoint, which are written at once
_STORE_EVERY = 5.0  # seconds at least; epochs may be shorter

_Stamp = tuple[int, int, int]


class Checkpoints:
    """The checkpoints of a claimed run. `note` adds a line to the run's log."""

    def __init__(
        self, database: Database, claim: Claim, folder: Path, note: Callable[[str], None]
    ) -> None:
        self._database = database
        self._claim = claim
        self._run = claim.run.id
        self._folder = folder
        self._note = note
        self._stored: dict[str, _Stamp] = {}
        self._has_drawings = False
        self._is_bound = False  # to this host
        self._next = 0.0

    def fetch(self, check: Callable[[], None]) -> None:
        """Write what is stored into the folder, unless that is of the same training and as far.

        `check` is called after each part. Raises `OSError`, what `check` raises, and
        `SQLAlchemyError` if the database is not available.
        """
        with self._database.reading() as session:
            names = run_files.names(session, self._run) & {*_FILES, _DRAWINGS}
            if not {_CHECKPOINT, PLAN} <= names or self._is_as_far(session):
                return
            shutil.rmtree(self._folder, ignore_errors=True)
            # A folder without a checkpoint is not gone on from: that comes last.
            for name in sorted(names, key=lambda name: name == _CHECKPOINT):
                path = self._folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.with_name(f"{path.name}.part").open("wb") as file:
                    for content in run_files.parts(session, self._run, name):
                        file.write(content)
                        check()
                os.replace(file.name, path)
        self._note("going on from the checkpoint in the database")

    def _is_as_far(self, session: Session) -> bool:
        """Whether the folder's training is the one that is stored, and no epoch behind."""
        if not (self._folder / _CHECKPOINT).exists():
            return False
        try:
            plan, metrics = ((self._folder / name).read_bytes() for name in (PLAN, _METRICS))
        except OSError:
            return False
        stored = [b"".join(run_files.parts(session, self._run, name)) for name in (PLAN, _METRICS)]
        return plan == stored[0] and metrics.count(b"\n") >= stored[1].count(b"\n")

    def begin(self, check: Callable[[], None]) -> None:
        """Store the drawings that the training needs, before it starts.

        `check` is called after each part. Raises `SQLAlchemyError` and what `check` raises.
        """
        file = self._folder / _DRAWINGS
        if not file.exists():
            return
        self._has_drawings = True
        with self._database.writing() as session:
            if _CHECKPOINT in run_files.names(session, self._run):
                return  # they were stored before it was
            run_files.remove(session, self._run, _DRAWINGS)
        if file.stat().st_size > _MAX_DRAWINGS_BYTES:
            self._bind(f"its drawings have more than {_MAX_DRAWINGS_BYTES >> 20} MB")
            return
        with file.open("rb") as opened:
            for part, content in enumerate(parts(opened)):
                with self._database.writing() as session:
                    run_files.put(session, self._run, _DRAWINGS, part, content)
                check()

    def store(self, *, at_once: bool = False) -> None:
        """Store the trainer's newest checkpoint, if that is not stored yet and it is time.

        What the database does not take now is tried again. Raises `LostRun`.
        """
        if self._is_bound or not (at_once or time.monotonic() >= self._next):
            return
        with ExitStack() as stack:
            files = {name: file for name in _FILES if (file := _opened(self._folder / name, stack))}
            stamps = {name: _stamp(file) for name, file in files.items()}
            if stamps.get(_CHECKPOINT) in {None, self._stored.get(_CHECKPOINT)}:
                return
            self._next = time.monotonic() + _STORE_EVERY
            if sum(size for *_, size in stamps.values()) > _MAX_EPOCH_BYTES:
                self._bind(f"its checkpoint has more than {_MAX_EPOCH_BYTES >> 20} MB")
                return
            try:
                self._write(files, stamps)
            except SQLAlchemyError as error:
                log.error("run %s: its checkpoint could not be stored: %s", self._run, error)

    def _write(self, files: dict[str, BinaryIO], stamps: dict[str, _Stamp]) -> None:
        with self._database.writing() as session:
            self._claim.beat_in(session)
            names = run_files.names(session, self._run)
            if self._has_drawings and _DRAWINGS not in names:
                self._bind("its drawings were deleted")
                return
            for name, file in files.items():
                if name not in names or stamps[name] != self._stored.get(name):
                    run_files.remove(session, self._run, name)
                    for part, content in enumerate(parts(file)):
                        run_files.put(session, self._run, name, part, content)
        self._stored = stamps

    def _bind(self, reason: str) -> None:
        """Store no more: the run can be resumed by this host alone, and begins anew on others."""
        self._is_bound = True
        self._note(f"no checkpoint is stored in the database, as {reason}")


def _opened(path: Path, stack: ExitStack) -> BinaryIO | None:
    try:
        return stack.enter_context(path.open("rb"))
    except FileNotFoundError:
        return None


def _stamp(file: BinaryIO) -> _Stamp:
    """Tells a file from the one that replaces it."""
    status = os.fstat(file.fileno())
    return status.st_ino, status.st_mtime_ns, status.st_size
