"""The process that trains: one run at a time, and what has to be done now and then."""

from __future__ import annotations

import logging
import signal
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path
from threading import Event, Lock, Thread

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from webapp.retraining.command import PREPARATION
from webapp.retraining.job import Job, end, in_background, tidy
from webapp.retraining.queue import Queue
from webapp.retraining.runs import OPEN, Claim, mark_lost
from webapp.settings import Settings
from webapp.storage.database import Database
from webapp.storage.drawings import expire
from webapp.storage.tables import Run

log = logging.getLogger(__name__)

_KEEP_HOUSE_EVERY = 5.0
_EXPIRE_EVERY = 3600.0
_ASK_QUEUE_EVERY = 0.5
"""Seconds."""


class Worker:
    """Works off the queue until it is told to stop."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._settings = settings
        self._database = database
        self._queue = Queue(settings.queue, Path(settings.home), self._work_off)
        self._stopping = Event()
        self._working = Lock()
        self._preparation: subprocess.Popen[str] | None = None

    def run(self) -> None:
        """Work until SIGTERM or SIGINT; a run that is cut short goes on with the next worker."""
        if find_spec("torch") is None:
            log.error("training needs torch: pip install 'inkling[train]'")
        consumer = self._queue.consumer(_ASK_QUEUE_EVERY)
        consumer.start()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stopping.set())
        Thread(target=self._keep_house, daemon=True).start()
        log.info("the worker is ready")
        with in_background(PREPARATION, self._settings) as self._preparation:
            self._stopping.wait()
        consumer.stop(graceful=True)
        with self._working:  # let go of the run
            log.info("the worker ends")

    def _work_off(self) -> None:
        with self._working:
            while not self._stopping.is_set() and (claim := Claim.next(self._database)):
                if self._preparation:  # the run does what it needs of it by itself
                    end(self._preparation)
                Job(self._settings, self._database, claim, self._stopping).run()
                self._tidy()

    def _keep_house(self) -> None:
        """Mark what is lost, wake up for what waits, delete what is too old."""
        next_expiry = 0.0
        while not self._stopping.wait(_KEEP_HOUSE_EVERY):
            try:
                with self._database.writing() as session:
                    mark_lost(session)
                    states = set(session.scalars(select(Run.state).distinct()))
                self._tidy()
                if "queued" in states and "running" not in states:
                    self._queue.wake()
                if time.monotonic() >= next_expiry:
                    next_expiry = time.monotonic() + _EXPIRE_EVERY
                    expire(self._database, self._settings.keep_days)
            except SQLAlchemyError as error:
                log.error("the database does not answer: %s", error)

    def _tidy(self) -> None:
        with self._database.reading() as session:
            keep = session.scalars(select(Run.id).where(Run.state.in_(OPEN))).all()
        tidy(self._settings, keep)
