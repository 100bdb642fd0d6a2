"""One run: the trainer's own commands as processes of their own, watched line by line."""

from __future__ import annotations

import logging
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import dropwhile, takewhile
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import IO

import msgspec
from sqlalchemy.exc import SQLAlchemyError

from trainer.data.datasets.corrections import Corrected, write
from trainer.errors import TrainerError
from trainer.paths import data_folder
from trainer.recognition.bundle import PRETRAINED, Bundle, BundleError
from webapp.inference.registry import bundles_of
from webapp.inference.versions import SHIPPED, Versions
from webapp.retraining.command import comparison_of, plan_of, resumption_of
from webapp.retraining.gate import Comparison, Verdict, judge
from webapp.retraining.low_priority import restore_priority
from webapp.retraining.options import RetrainingOptions
from webapp.retraining.progress import Reader, loaded, stored
from webapp.retraining.runs import MOST_LOG, Claim, LostRun
from webapp.settings import Settings
from webapp.storage.database import Database
from webapp.storage.drawings import accepted
from webapp.storage.tables import Drawing

log = logging.getLogger(__name__)

_LOOK_EVERY = 0.1
_BEAT_EVERY = 0.5
"""Seconds."""


class JobFailed(Exception):
    """Why a run failed, in one line."""


class Cancelled(Exception):
    """Somebody asked for the run's end."""


class Stopped(Exception):
    """The worker ends; the run goes on with the next one."""


class Job:
    """A run in this worker's hands, in a folder of its own."""

    def __init__(
        self, settings: Settings, database: Database, claim: Claim, stopping: Event
    ) -> None:
        self._settings = settings
        self._database = database
        self._claim = claim
        self._stopping = stopping
        self._versions = Versions(database, Path(settings.home).absolute())
        self._folder = _folders(settings) / claim.run.id
        self._reader = Reader(loaded(claim.run.progress))
        self._log = deque(claim.run.log.splitlines(), maxlen=1000)
        self._next_beat = 0.0

    def run(self) -> None:
        """Train, compare and perhaps promote; however it ends, the table of runs says so."""
        log.info("run %s begins", self._claim.run.id)
        try:
            self._work()
        except Cancelled:
            self._end("cancelled")
        except Stopped:
            self._end("queued")
        except (JobFailed, TrainerError, BundleError, OSError) as error:
            self._end("failed", error=" ".join(str(error).split()))
        except LostRun:
            log.error("run %s was taken for lost and is no longer ours", self._claim.run.id)
        except Exception as error:
            log.exception("run %s failed", self._claim.run.id)
            self._end("failed", error=f"{type(error).__name__}: {error}")

    def _end(self, state: str, **changes: object) -> None:
        log.info("run %s: %s %s", self._claim.run.id, state, changes.get("error", ""))
        self._claim.end(state, **self._changes(), **changes)

    def _work(self) -> None:
        progress = self._reader.progress
        progress.stage = "preparing"
        if (self._folder / "run.json").exists():
            train = resumption_of(self._seen(self._folder))
        else:
            there_are_any = self._write_corrections()
            folders = self._seen(self._folder), self._seen(self._active().folder)
            plan = plan_of(self._wishes(), *folders, there_are_any)
            train = plan.command
            progress.used, progress.lacked = plan.used, plan.lacked
            progress.soft_targets = plan.soft_targets
        self._output_of(train)
        progress.stage = "comparing"
        verdict = self._compare(self._active())
        progress.stage = "ended"
        if not self._claim.beat(**self._changes()):  # till here it can be cancelled
            raise Cancelled
        version = self._versions.add(self._folder / "bundle").card.version
        if verdict.by_itself:
            self._versions.promote(version, f"run {self._claim.run.id}")
        self._end("done", version=version, verdict=msgspec.to_builtins(verdict))

    def _seen(self, folder: Path) -> Path:
        """A folder as the trainer sees it, which works in the home folder."""
        if folder.parent == PRETRAINED:
            return Path(folder.name)
        home = Path(self._settings.home).absolute()
        return folder.relative_to(home) if folder.is_relative_to(home) else folder

    def _wishes(self) -> RetrainingOptions:
        wishes = msgspec.convert(self._claim.run.wishes, RetrainingOptions)
        wishes.check()
        return wishes

    def _active(self) -> Bundle:
        """The version that answers; where it is damaged, the one that answers in its place."""
        for version in self._versions.line():
            try:
                if version != SHIPPED:
                    return self._versions.read(version)
            except BundleError as error:
                log.error("version refused: %s", error)
        return next(bundles_of(self._settings, self._settings.model))

    def _write_corrections(self) -> bool:
        """Put the accepted drawings into the run's folder; whether there are any to learn from."""
        with self._database.reading() as session:
            drawings = [_corrected(drawing) for drawing in accepted(session)]
        if drawings:
            write(self._corrections, drawings)
        return any(not drawing.held_back for drawing in drawings)

    @property
    def _corrections(self) -> Path:
        return self._folder / "corrections"

    def _compare(self, active: Bundle) -> Verdict:
        held_back = self._seen(self._corrections) if self._corrections.exists() else None
        folders = active.folder.absolute(), self._seen(self._folder / "bundle")
        lines = self._output_of(comparison_of(*folders, held_back))
        try:
            comparison = msgspec.json.decode(lines[-1] if lines else "", type=Comparison)
        except msgspec.DecodeError as error:
            raise JobFailed(f"the comparison cannot be read: {error}") from error
        return judge(comparison, self._settings.gate_margin)

    def _output_of(self, command: Sequence[str]) -> list[str]:
        """What a command prints, whole; its lines are taken as they come.

        Raises `JobFailed` with the last line of its errors where it fails, and `Cancelled`,
        `Stopped` or `LostRun` when one of those ends it.
        """
        self._reader.progress.commands.append(_shown(command))
        self._log.append(f"$ {_shown(command)}")
        lines: SimpleQueue[tuple[str, str]] = SimpleQueue()
        with in_background(command, self._settings) as process:
            readers = [
                Thread(target=_pass_on, args=(stream, kind, lines), daemon=True)
                for stream, kind in ((process.stdout, "out"), (process.stderr, "err"))
            ]
            for reader in readers:
                reader.start()
            output = self._watch(process, lines)
        for reader in readers:
            reader.join()
        output += self._take(lines)
        if process.returncode != 0:
            raise JobFailed(self._reason(process.returncode))
        return output

    def _watch(
        self, process: subprocess.Popen[str], lines: SimpleQueue[tuple[str, str]]
    ) -> list[str]:
        output: list[str] = []
        while process.poll() is None:
            output += self._take(lines)
            if self._stopping.is_set():
                raise Stopped
            if not self._beat():
                raise Cancelled
            with suppress(subprocess.TimeoutExpired):
                process.wait(_LOOK_EVERY)
        return output

    def _take(self, lines: SimpleQueue[tuple[str, str]]) -> list[str]:
        """The lines that came; those on the standard output are figures, all others are the log."""
        output: list[str] = []
        while True:
            try:
                kind, line = lines.get_nowait()
            except Empty:
                return output
            if kind == "out":
                output.append(line)
                self._reader.take(line)
            elif line.strip():
                self._log.append(line.rstrip())

    def _beat(self) -> bool:
        """Now and then give a sign of life and write how far it is; whether it shall go on."""
        if time.monotonic() < self._next_beat:
            return True
        self._next_beat = time.monotonic() + _BEAT_EVERY
        try:
            return self._claim.beat(**self._changes())
        except SQLAlchemyError as error:  # perhaps it comes back before the run counts as lost
            log.error("run %s: no sign of life could be given: %s", self._claim.run.id, error)
            return True

    def _changes(self) -> dict[str, object]:
        text = "\n".join(self._log)
        return {"progress": stored(self._reader.progress), "log": text[-MOST_LOG:]}

    def _reason(self, code: int) -> str:
        if code < 0:
            name = signal.Signals(-code).name
            return f"the training process was ended by {name}; perhaps there was too little memory"
        said = list(takewhile(lambda line: not line.startswith("$ "), reversed(self._log)))[::-1]
        if not said:
            return f"the training process ended with {code} and said nothing"
        errors = dropwhile(lambda line: not line.startswith("Error: "), said)
        return " ".join(errors).removeprefix("Error: ") or said[-1]


def tidy(settings: Settings, keep: Sequence[str]) -> None:
    """Delete what runs keep to be resumed, but for these."""
    for folder in _folders(settings).glob("*"):
        if folder.name not in keep:
            shutil.rmtree(folder, ignore_errors=True)


def _folders(settings: Settings) -> Path:
    return Path(settings.home).absolute() / "retraining"


def _shown(command: Sequence[str]) -> str:
    """As a person would type it."""
    return shlex.join(["python", *command[1:]])


def _corrected(drawing: Drawing) -> Corrected:
    return Corrected(
        label=drawing.label,
        picture=drawing.picture,
        strokes=drawing.strokes,
        held_back=drawing.held_back,
    )


def _pass_on(stream: IO[str], kind: str, lines: SimpleQueue[tuple[str, str]]) -> None:
    for line in stream:
        lines.put((kind, line))


@contextmanager
def in_background(command: Sequence[str], settings: Settings) -> Iterator[subprocess.Popen[str]]:
    """Run one of our commands at the lowest priority; at the end of the block it ends too.

    And so does all that it started.
    """
    home = Path(settings.home).absolute()
    folders = {"INKLING_HOME": str(home), "INKLING_DATA": str(data_folder().absolute())}
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "webapp.retraining.low_priority", *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        cwd=home,
        env=os.environ | {"PYTHONUNBUFFERED": "1"} | folders,
        start_new_session=True,  # a group to end as a whole
    )
    try:
        yield process
    finally:
        end(process)


def end(process: subprocess.Popen[str]) -> None:
    """End what runs in the background, and all that it started, at once."""
    restore_priority(process.pid)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
