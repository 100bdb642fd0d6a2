"""Executes one run: trains a new version, compares it with the active one, may promote it."""

from __future__ import annotations

import logging
import signal
import time
from collections import deque
from collections.abc import Sequence
from itertools import dropwhile, takewhile
from pathlib import Path
from threading import Event

import msgspec
from sqlalchemy.exc import SQLAlchemyError

from trainer.recognition.bundle import PRETRAINED, Bundle, BundleError
from webapp.inference.registry import bundles_of
from webapp.inference.versions import Versions, first_sound
from webapp.retraining import command
from webapp.retraining.gate import Comparison, Verdict, judge
from webapp.retraining.options import InvalidOptions, RetrainingOptions
from webapp.retraining.process import Stream, run_watched
from webapp.retraining.progress import Reader, loaded, stored
from webapp.retraining.runs import MAX_LOG_CHARS, Claim, LostRun
from webapp.settings import Settings
from webapp.storage.database import Database
from webapp.storage.drawings import accepted
from webapp.storage.import_export import write_corrections
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
    """Executes a claimed run, in a folder of its own."""

    def __init__(
        self, settings: Settings, database: Database, claim: Claim, stopping: Event
    ) -> None:
        self._settings = settings
        self._database = database
        self._claim = claim
        self._stopping = stopping
        self._home = settings.home_folder.absolute()
        self._versions = Versions(database, self._home)
        self._folder = runs_folder(settings) / claim.run.id
        self._corrections = self._folder / "corrections"
        self._reader = Reader(loaded(claim.run.progress))
        self._log = deque(claim.run.log.splitlines(), maxlen=1000)
        self._next_heartbeat = 0.0

    def run(self) -> None:
        """Execute the run, and record in its row how it ended."""
        identity = self._claim.run.id
        log.info("run %s started", identity)
        try:
            state, changes = self._outcome()
            log.info("run %s: %s %s", identity, state, changes.get("error", ""))
            self._claim.release(state, **self._changes(), **changes)
        except LostRun:
            log.error("run %s was marked as lost; this worker gave it up", identity)
        except SQLAlchemyError as error:
            log.error("run %s: its outcome could not be stored: %s", identity, error)

    def _outcome(self) -> tuple[RunStatus, dict[str, object]]:
        """The run's final status, and the columns to store with it. Raises `LostRun`."""
        try:
            return RunStatus.DONE, self._work()
        except Cancelled:
            return RunStatus.CANCELLED, {}
        except Stopped:
            return RunStatus.QUEUED, {}
        except (JobFailed, InvalidOptions, BundleError, OSError) as error:
            return RunStatus.FAILED, {"error": " ".join(str(error).split())}
        except LostRun:
            raise
        except Exception as error:
            log.exception("run %s failed", self._claim.run.id)
            return RunStatus.FAILED, {"error": f"{type(error).__name__}: {error}"}

    def _work(self) -> dict[str, object]:
        progress = self._reader.progress
        progress.stage = "preparing"
        self._output_of(self._training_command())
        progress.stage = "comparing"
        verdict = self._compare(self._active())
        progress.stage = "ended"
        if not self._claim.heartbeat(**self._changes()):  # the last chance to cancel
            raise Cancelled
        version = self._versions.add(self._folder / "bundle").card.version
        if verdict.auto_promoted:
            self._versions.promote(version, f"run {self._claim.run.id}")
        return {"version": version, "verdict": msgspec.to_builtins(verdict)}

    def _training_command(self) -> list[str]:
        if (self._folder / "run.json").exists():
            return command.resume(self._relative(self._folder))
        options = msgspec.convert(self._claim.run.options, RetrainingOptions)
        options.check()
        with self._database.reading() as session:
            learnable = write_corrections(self._corrections, accepted(session))
        return command.retrain(
            options,
            self._relative(self._folder),
            self._relative(self._active().folder),
            self._relative(self._corrections) if learnable else None,
        )

    def _relative(self, folder: Path) -> Path:
        """A folder as seen from the home folder, in which the trainer runs."""
        if folder.parent == PRETRAINED:
            return Path(folder.name)
        return folder.relative_to(self._home) if folder.is_relative_to(self._home) else folder

    def _active(self) -> Bundle:
        """The bundle of the active version or, if that is damaged, of the one that it replaced."""
        promoted = first_sound(self._versions.lineage(), self._versions.read, set())
        return promoted or next(bundles_of(self._settings, self._settings.model))

    def _compare(self, active: Bundle) -> Verdict:
        corrections = self._relative(self._corrections) if self._corrections.exists() else None
        folders = active.folder.absolute(), self._relative(self._folder / "bundle")
        lines = self._output_of(command.compare(*folders, corrections))
        try:
            comparison = msgspec.json.decode(lines[-1] if lines else "", type=Comparison)
        except msgspec.DecodeError as error:
            raise JobFailed(f"the comparison cannot be read: {error}") from error
        return judge(comparison, self._settings.gate_margin)

    def _output_of(self, arguments: Sequence[str]) -> list[str]:
        """Run a command; return the lines of its standard output. Standard error goes to the log.

        Raises `JobFailed` with the last error that it printed if it fails, and `Cancelled`,
        `Stopped` or `LostRun` if it was ended early.
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

        status = run_watched(arguments, self._home, on_line, self._check)
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
            name = signal.Signals(-status).name
            return f"the training process was killed by {name}; perhaps it ran out of memory"
        printed = list(takewhile(lambda line: not line.startswith("$ "), reversed(self._log)))[::-1]
        if not printed:
            return f"the training process ended with status {status} and printed no error"
        errors = dropwhile(lambda line: not line.startswith("Error: "), printed)
        return " ".join(errors).removeprefix("Error: ") or printed[-1]


def runs_folder(settings: Settings) -> Path:
    """The folder with one subfolder per run, which holds its checkpoints."""
    return settings.home_folder.absolute() / "retraining"
