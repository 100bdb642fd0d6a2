"""Executes one lesson: trains a small model that is watched, and forgotten when it ends.

Neither a bundle nor a version comes of it. A retraining that waits ends it within a second: it goes
back into the queue, and begins anew afterwards.
"""

from __future__ import annotations

import logging
import signal
import time
from importlib.util import find_spec
from pathlib import Path
from threading import Event

from sqlalchemy.exc import SQLAlchemyError

from webapp.logs import fields, one_line
from webapp.retraining import command
from webapp.retraining.claim import LostRun, is_waiting
from webapp.retraining.lesson_progress import LessonProgress, stored
from webapp.retraining.lessons import LessonClaim
from webapp.retraining.process import Stream, how_ended, run_watched
from webapp.storage.database import Database
from webapp.storage.tables import Run, RunStatus

log = logging.getLogger(__name__)

CPU_SECONDS = 60
"""Processor time of a lesson; one takes about 9 s of one core."""
LONGEST = 480.0
"""Seconds on a busy machine, where the lowest priority may wait for long."""

_BEAT_EVERY = 0.5  # seconds


class _Failed(Exception):
    """The message is the lesson's code."""


class _PutBack(Exception):
    """The worker stops, or a retraining waits for it."""


class _Cancelled(Exception):
    """Whoever began the lesson ended it."""


class LessonJob:
    """Executes a claimed lesson, with the caches of `home`."""

    def __init__(self, database: Database, claim: LessonClaim, stopping: Event, home: Path) -> None:
        self._database = database
        self._claim = claim
        self._stopping = stopping
        self._home = home
        self._progress = LessonProgress()
        self._errors: list[str] = []
        self._next_beat = 0.0
        self._until = time.monotonic() + LONGEST

    def run(self) -> None:
        """Execute the lesson, and record in its row how it ended."""
        identity = self._claim.lesson.id
        try:
            state, code = self._ended()
            ended = fields(lesson=identity, state=state, error=code or None)
            log.info("lesson %s %s %s", identity, state, code, extra=ended)
        except LostRun:
            log.error("lesson %s was marked as lost; this worker gave it up", identity)
        except SQLAlchemyError as error:
            log.error("lesson %s: its end could not be stored: %s", identity, one_line(error))

    def _ended(self) -> tuple[RunStatus, str]:
        """The lesson's status, which is stored, and why it failed, as a code."""
        state, code = RunStatus.DONE, ""
        try:
            if not self._train():
                return RunStatus.QUEUED, code
        except _Cancelled:
            state = RunStatus.CANCELLED
        except _Failed as reason:
            state, code = RunStatus.FAILED, str(reason)
        except (LostRun, SQLAlchemyError):
            raise
        except Exception:
            log.exception("lesson %s failed", self._claim.lesson.id)
            state, code = RunStatus.FAILED, "failed"
        self._claim.release(state, live=None, code=code, progress=stored(self._progress))
        return state, code

    def _train(self) -> bool:
        """Train to the end; or put the lesson back into the queue, and return False."""
        try:
            self._watched()
        except _PutBack:
            with self._database.writing() as session:
                if not self._claim.release_in(session, RunStatus.QUEUED, progress={}):
                    raise _Cancelled from None
            return False
        return True

    def _watched(self) -> None:
        if find_spec("torch") is None:
            raise _Failed("no_torch")
        lesson = self._claim.lesson
        arguments = command.watch(lesson.mistake, lesson.seed)
        status = run_watched(
            arguments, self._home, self._take, self._check, cpu_seconds=CPU_SECONDS
        )
        if self._progress.missing:
            raise _Failed("no_data")
        if status == -signal.SIGXCPU:
            raise _Failed("too_long")
        if status != 0 or self._progress.outcome is None:
            for line in [*self._errors, how_ended(status)]:
                log.error("lesson %s: %s", lesson.id, line)
            raise _Failed("failed")

    def _take(self, stream: Stream, line: str) -> None:
        if stream == "out":
            self._progress.take(line)
        elif line.strip():
            self._errors = [*self._errors[-9:], line.rstrip()[:500]]

    def _check(self) -> None:
        if self._stopping.is_set():
            raise _PutBack
        if time.monotonic() < self._next_beat:
            return
        self._next_beat = time.monotonic() + _BEAT_EVERY
        if time.monotonic() > self._until:
            raise _Failed("too_long")
        try:
            if is_waiting(self._database, Run):
                raise _PutBack
            goes_on = self._claim.heartbeat(progress=stored(self._progress))
        except SQLAlchemyError as error:  # it may recover before the lesson counts as lost
            log.error("no heartbeat of a lesson could be written: %s", one_line(error))
            return
        if not goes_on:
            raise _Cancelled
