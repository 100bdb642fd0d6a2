"""The retraining worker: claims runs, executes them one at a time, and cleans up."""

from __future__ import annotations

import logging
import shutil
import signal
import time
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from subprocess import DEVNULL, PIPE
from threading import Event, Thread
from typing import IO

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from webapp.retraining import lessons
from webapp.retraining.command import PREPARE_DATA
from webapp.retraining.job import Job, runs_folder
from webapp.retraining.lesson_job import LessonJob
from webapp.retraining.process import in_background
from webapp.retraining.runs import OPEN, claim_next, mark_lost
from webapp.settings import Settings
from webapp.storage import run_files
from webapp.storage.database import Database
from webapp.storage.drawings import expire
from webapp.storage.tables import Run

log = logging.getLogger(__name__)

_POLL_EVERY = 0.5
_RETRY_DATABASE_AFTER = 5.0
_HOUSEKEEPING_EVERY = 5.0
_EXPIRE_EVERY = 3600.0
_STOP_WITHIN = 20
"""Seconds."""


class Worker:
    """Claims and executes runs in a folder of its host, `home`, until it is stopped."""

    def __init__(self, settings: Settings, database: Database, home: Path) -> None:
        self._settings = settings
        self._home = home
        self._database = database
        self._stopping = Event()

    def run(self) -> None:
        """Work until SIGTERM or SIGINT. An interrupted run returns to the queue.

        Ends the process where torch is missing: it would claim runs, and fail each of them.
        """
        if find_spec("torch") is None:
            log.error("the worker ends: it needs torch: pip install 'inkling[train]'")
            raise SystemExit(1)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        Thread(target=self._keep_house, daemon=True).start()
        log.info("worker ready")
        with ExitStack() as preparation:
            preparing = in_background(PREPARE_DATA, self._home, stdout=DEVNULL, stderr=PIPE)
            errors = preparation.enter_context(preparing).stderr
            Thread(target=_log_lines, args=(errors,), daemon=True).start()
            # Event.wait() could deadlock here: the signal handler calls set() on the same thread.
            while not self._stopping.is_set():
                try:
                    claim = claim_next(self._database)
                    lesson = None if claim else lessons.claim_next(self._database)
                except SQLAlchemyError as error:
                    log.error("cannot reach the database: %s", error)
                    self._sleep(_RETRY_DATABASE_AFTER)
                    continue
                if lesson:
                    LessonJob(self._database, lesson, self._stopping, self._home).run()
                    continue
                if claim is None:
                    self._sleep(_POLL_EVERY)
                    continue
                preparation.close()  # the run prepares whatever it needs
                Job(self._settings, self._database, claim, self._stopping, self._home).run()
        log.info("worker stopped")

    def _stop(self, *_: object) -> None:
        """Request a stop, and make sure that nothing that blocks, such as a database, prevents it.

        The alarm kills the process and its children. The run is then lost, and can be resumed.
        """
        self._stopping.set()
        signal.alarm(_STOP_WITHIN)

    def _sleep(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not self._stopping.is_set() and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, _POLL_EVERY))

    def _keep_house(self) -> None:
        """Mark lost runs, and delete the files of closed runs, and expired drawings."""
        next_expiry = 0.0
        while not self._stopping.wait(_HOUSEKEEPING_EVERY):
            try:
                with self._database.writing() as session:
                    mark_lost(session)
                self._delete_closed_folders()
                run_files.prune(self._database)
                lessons.prune(self._database)
                if time.monotonic() >= next_expiry:
                    next_expiry = time.monotonic() + _EXPIRE_EVERY
                    expire(self._database, self._settings.keep_days)
            except SQLAlchemyError as error:
                log.error("housekeeping failed, cannot reach the database: %s", error)
            except Exception:
                log.exception("housekeeping failed")  # a thread that ended would do none of it

    def _delete_closed_folders(self) -> None:
        """Delete the folders of runs that can no longer be resumed."""
        folders = list(runs_folder(self._home).glob("*"))  # first: later ones are of new runs
        with self._database.reading() as session:
            is_open = set(session.scalars(select(Run.id).where(Run.state.in_(OPEN))))
        for folder in folders:
            if folder.name not in is_open:
                shutil.rmtree(folder, ignore_errors=True)


def _log_lines(file: IO[str]) -> None:
    """Log what a command prints, so that all lines of the worker's log have one format."""
    for line in file:
        if line.strip():
            log.info("preparing data: %s", line.rstrip())
