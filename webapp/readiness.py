"""What is wrong with this host's site, for load balancers and people who look after it."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from webapp.storage.database import Database, DatabaseUnavailable

_LEAST_FREE = 20 << 20  # bytes; below, drawings and runs will soon be lost
_VALID_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that does not work. Pictures are read nevertheless."""

    part: str
    reason: str
    is_local: bool
    """Whether other hosts may be better off."""


class Readiness:
    """Looks for faults at most once a second, however often it is asked."""

    def __init__(self, database: Database, home: Path) -> None:
        self._database = database
        self._home = home
        self._lock = Lock()
        self._until = 0.0
        self._faults: list[Fault] = []

    def faults(self) -> list[Fault]:
        """The faults; the last known ones while another request is looking."""
        if time.monotonic() > self._until and self._lock.acquire(blocking=False):
            try:
                self._faults = self._look()
                self._until = time.monotonic() + _VALID_SECONDS
            finally:
                self._lock.release()
        return self._faults

    def _look(self) -> list[Fault]:
        faults = []
        try:
            self._database.check()
        except DatabaseUnavailable as error:
            faults.append(Fault("database", str(error), self._database.is_local))
        folder = next(
            each
            for each in (self._home.absolute(), *self._home.absolute().parents)
            if each.is_dir()
        )
        free = shutil.disk_usage(folder).free
        if free < _LEAST_FREE:
            faults.append(Fault("disk", f"only {free >> 20} MiB are free in {folder}", True))
        return faults
