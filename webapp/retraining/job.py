"""Executes one run: trains a new version, compares it with the active one, may promote it."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from itertools import dropwhile, takewhile
from pathlib import Path
from threading import Event

import msgspec
from sqlalchemy.exc import SQLAlchemyError

from trainer.recognition.bundle import PRETRAINED, Bundle, BundleError
from webapp.inference.registry import shipped_version
from webapp.inference.versions import Superseded, Versions
from webapp.logs import fields, one_line
from webapp.retraining import command
from webapp.retraining.checkpoints import CORRECTIONS, PLAN, Checkpoints
from webapp.retraining.claim import LostRun
from webapp.retraining.gate import Comparison, Verdict, judge, superseded
from webapp.retraining.options import InvalidOptions, RetrainingOptions
from webapp.retraining.process import Stream, how_ended, run_watched
from webapp.retraining.progress import Progress, Reader, loaded, stored
from webapp.retraining.rivals import Rivals
from webapp.retraining.runs import MAX_LOG_CHARS, Claim
from webapp.settings import Settings
from webapp.storage.database import Database
from webapp.storage.drawings import accepted, teaching_origins
from webapp.storage.exports import write_corrections
from webapp.storage.tables import RunStatus

log = logging.getLogger(__name__)

_HEARTBEAT_EVERY = 0.5
"""Seconds."""


class JobFailed(Exception):
    """The run failed; the message gives the reason in one line."""


class Cancelled(Exception):
    """The run was cancelled."""


class Stopped(Exception):
    """The worker is stopping; another worker will resume the run."""


class Job:
    """Executes a claimed run, in a folder of its own below `home`."""

    def __init__(
        self, settings: Settings, database: Database, claim: Claim, stopping: Event, home: Path
    ) -> None:
        self._settings = settings
        self._database = database
        self._claim = claim
        self._stopping = stopping
        self._home = home.absolute()
        self._versions = Versions(database, partial(shipped_version, settings))
        self._folder = runs_folder(self._home) / claim.run.id
        self._rivals = Rivals(settings, self._versions, self._folder)
        self._corrections = self._folder / CORRECTIONS
        self._reader = Reader(loaded(claim.run.progress))
        self._log = deque(claim.run.log.splitlines(), maxlen=1000)
        self._checkpoints = Checkpoints(database, claim, self._folder, self._log.append)
        self._next_heartbeat = 0.0

    def run(self) -> None:
        """Execute the run, and record in its row how it ended."""
        identity = self._claim.run.id
        log.info("run %s started", identity, extra=fields(run=identity, state="running"))
        try:
            state, error = self._ended()
            ended = fields(run=identity, state=state, error=error or None)
            log.info("run %s %s %s", identity, state, error, extra=ended)
        except LostRun:
            log.error("run %s was marked as lost; this worker gave it up", identity)
        except SQLAlchemyError as error:
            log.error("run %s: its outcome could not be stored: %s", identity, error)

    def _ended(self) -> tuple[RunStatus, str]:
        """The run's final status, which is stored, and why it failed.

        Raises `LostRun`, and `SQLAlchemyError` if the status cannot be stored.
        """
        state, error = RunStatus.DONE, ""
        try:
            self._finish(self._work())
            return state, error
        except Cancelled:
            state = RunStatus.CANCELLED
        except Stopped:
            state = RunStatus.QUEUED
        except (JobFailed, InvalidOptions, BundleError, OSError) as reason:
            state, error = RunStatus.FAILED, one_line(reason)
        except (LostRun, SQLAlchemyError):
            raise
        except Exception as reason:
            log.exception("run %s failed", self._claim.run.id)
            state, error = RunStatus.FAILED, f"{type(reason).__name__}: {reason}"
        changes = self._changes() | ({"error": error} if error else {})
        if state is RunStatus.QUEUED and not self._put_back(changes):
            state = RunStatus.CANCELLED
        if state is not RunStatus.QUEUED:
            self._claim.release(state, **changes)
        return state, error

    def _put_back(self, changes: dict[str, object]) -> bool:
        """Put the run back into the queue, unless it was cancelled meanwhile."""
        with suppress(Cancelled), self._database.writing() as session:
            if not self._claim.release_in(session, RunStatus.QUEUED, **changes):
                raise Cancelled  # which takes the transaction back
            return True
        return False

    def _work(self) -> Verdict:
        """Train a new version and compare it with the active one."""
        self._reader.enter("preparing")
        self._output_of(self._training_command(), self._checkpoints.store)
        self._checkpoints.store(at_once=True)
        self._reader.enter("comparing")
        verdict = self._compare(self._rivals.active())
        self._reader.enter("ended")
        return verdict

    def _finish(self, verdict: Verdict) -> None:
        """End the run: its version is kept and, if the verdict says so, promoted.

        The promotion and the run's end are one transaction, which a cancelled or lost run rolls
        back. What was measured against another version than the one now active is not promoted.
        """
        if not self._claim.heartbeat(**self._changes()):
            raise Cancelled
        version = self._versions.add(self._folder / "bundle").card.version
        who = f"run {self._claim.run.id}"
        with self._database.writing() as session:
            if verdict.auto_promoted:
                try:
                    self._versions.activate(session, version, who, expected=verdict.before)
                except Superseded as error:
                    log.warning("%s: %s", who, error, extra=fields(run=self._claim.run.id))
                    verdict = superseded(verdict)
            outcome = {"version": version, "verdict": msgspec.to_builtins(verdict)}
            if not self._claim.release_in(session, RunStatus.DONE, **self._changes(), **outcome):
                raise Cancelled

    def _recall_epochs(self) -> None:
        """Read what the trainer recorded: its last epoch may have ended after its worker did."""
        with suppress(FileNotFoundError):
            for line in (self._folder / "metrics.jsonl").read_text().splitlines():
                self._reader.take(line)

    def _training_command(self) -> list[str]:
        self._checkpoints.fetch(self._check)
        if (self._folder / PLAN).exists():
            self._recall_epochs()
            self._checkpoints.begin(self._check)
            return command.resume(self._relative(self._folder))
        if self._reader.progress.epochs:
            self._log.append("there is no checkpoint here or in the database: starting over")
            self._reader = Reader(Progress(commands=self._reader.progress.commands))
            self._reader.enter("preparing")
        options = msgspec.convert(self._claim.run.options, RetrainingOptions)
        options.check()
        teaching = teaching_origins(self._database)
        learnable = write_corrections(self._corrections, accepted(self._database), teaching)
        self._checkpoints.begin(self._check)
        return command.retrain(
            options,
            self._relative(self._folder),
            self._relative(self._rivals.active().folder.absolute()),
            self._relative(self._corrections) if learnable else None,
        )

    def _relative(self, folder: Path) -> Path:
        """A folder as seen from the home folder, in which the trainer runs."""
        if folder.parent == PRETRAINED:
            return Path(folder.name)
        return folder.relative_to(self._home) if folder.is_relative_to(self._home) else folder

    def _compare(self, active: Bundle) -> Verdict:
        corrections = self._relative(self._corrections) if self._corrections.exists() else None
        shipped = self._rivals.shipped()
        others = [active] if active.card.version == shipped.card.version else [active, shipped]
        folders = [other.folder.absolute() for other in others]
        new = self._relative(self._folder / "bundle")
        lines = self._output_of(command.compare(folders, new, corrections))
        try:
            comparison = msgspec.json.decode(lines[-1] if lines else "", type=Comparison)
        except msgspec.DecodeError as error:
            raise JobFailed(f"the comparison cannot be read: {error}") from error
        return judge(comparison, self._settings.gate_margin)

    def _output_of(
        self, arguments: Sequence[str], meanwhile: Callable[[], None] = lambda: None
    ) -> list[str]:
        """Run a command; return the lines of its standard output. Standard error goes to the log.

        `meanwhile` is called ten times a second. Raises `JobFailed` with the last error that it
        printed if it fails, and `Cancelled`, `Stopped` or `LostRun` if it was ended early.
        """
        typed = command.as_typed(arguments)
        self._reader.progress.commands.append(typed)
        self._log.append(f"$ {typed}")
        output: list[str] = []

        def on_line(stream: Stream, line: str) -> None:
            if stream == "out":
                output.append(line)
                self._reader.take(line)
            elif line.strip():
                self._log.append(line.rstrip())

        def check() -> None:
            self._check()
            meanwhile()

        status = run_watched(arguments, self._home, on_line, check)
        if status != 0:
            raise JobFailed(self._reason(status))
        return output

    def _check(self) -> None:
        """Write a heartbeat when one is due. Raises `Stopped`, `Cancelled` or `LostRun`."""
        if self._stopping.is_set():
            raise Stopped
        if time.monotonic() < self._next_heartbeat:
            return
        self._next_heartbeat = time.monotonic() + _HEARTBEAT_EVERY
        try:
            goes_on = self._claim.heartbeat(**self._changes())
        except SQLAlchemyError as error:  # it may recover before the run counts as lost
            log.error("run %s: no heartbeat could be written: %s", self._claim.run.id, error)
            return
        if not goes_on:
            raise Cancelled

    def _changes(self) -> dict[str, object]:
        text = "\n".join(self._log)
        return {"progress": stored(self._reader.progress), "log": text[-MAX_LOG_CHARS:]}

    def _reason(self, status: int) -> str:
        if status < 0:
            return how_ended(status)
        printed = list(takewhile(lambda line: not line.startswith("$ "), reversed(self._log)))[::-1]
        if not printed:
            return f"{how_ended(status)} and printed no error"
        errors = dropwhile(lambda line: not line.startswith("Error: "), printed)
        return " ".join(errors).removeprefix("Error: ") or printed[-1]


def runs_folder(home: Path) -> Path:
    """The folder with one subfolder per run, which holds its checkpoints."""
    return home / "retraining"
