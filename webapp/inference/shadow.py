"""A version that answers in the shadow of the active one: unseen, afterwards, and only counted.

It reads the 28×28 pixels that the active version read a single digit from, a sample of them, in a
thread. So it costs a prediction nothing but a place in a short queue, which drops what it is too
slow for, and no picture is kept.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime

from trainer.recognition.bundle import BundleError
from trainer.recognition.prediction import NumberPrediction
from trainer.recognition.preprocess import Prepared
from trainer.recognition.recognizer import Recognizer
from webapp.inference.answers import reading_of
from webapp.inference.registry import Models, tried
from webapp.inference.tally import FLUSH_SECONDS, Tally
from webapp.inference.versions import SHIPPED, Versions
from webapp.logs import one_line
from webapp.storage import shadows
from webapp.storage.database import Database
from webapp.storage.shadows import Pair
from webapp.storage.tables import now
from webapp.threads import every

log = logging.getLogger(__name__)

STEP_SECONDS = 0.5
"""How often a process looks for the shadow, and reads what waits."""
AT_ONCE = 16
"""Drawings that may wait, and so are read at most in each step: 1 % of a core's time."""
_LOOK_AGAIN_AFTER_FAILURE = 10.0  # seconds
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Shown:
    prepared: Prepared
    version: str
    reading: str
    certainty: str


class ShadowReader:
    """Follows the shadow in the database, as `Models` follows the active version."""

    def __init__(self, database: Database, versions: Versions, models: Models) -> None:
        self._database = database
        self._versions = versions
        self._models = models
        self._waiting: deque[_Shown] = deque(maxlen=AT_ONCE)
        self._tally: Tally[Pair] = Tally(database, shadows.add)
        self._shadow, self._until = "", _LONG_AGO  # of the one that is on
        self._candidate: Recognizer | None = None
        self._next_look = self._next_flush = 0.0
        self._is_stuck = False
        self.flush = self._tally.flush

    def watch(
        self, _inputs: object, number: NumberPrediction, recognizer: Recognizer, several: bool
    ) -> None:
        """Queue an answer for the version in the shadow, as a watcher of `Models`."""
        candidate = self._candidate
        if candidate is None or candidate.card.version == recognizer.card.version:
            return
        digit = number.digits[0]
        # What is refused as it would be a number is not the answer to these pixels.
        if several or len(number.digits) > 1 or number.is_number != digit.is_digit:
            return
        if len(self._waiting) < AT_ONCE:
            version = recognizer.card.version
            shown = _Shown(digit.prepared, version, reading_of(number), number.certainty)
            self._waiting.append(shown)

    def run_in_background(self) -> None:
        """From now on follow the shadow and read, in a thread. The first look is here."""
        self._follow()
        every(STEP_SECONDS, self.step)

    def step(self) -> None:
        """Follow the shadow, read what waits, and add what was counted to the database in time."""
        if time.monotonic() >= self._next_look:
            self._follow()
        if now() >= self._until:  # also while the database is away
            self._candidate = None
        self._read_waiting()
        if time.monotonic() >= self._next_flush:
            self._next_flush = time.monotonic() + FLUSH_SECONDS
            self.flush()

    def finish(self) -> None:
        """Read what still waits, and add all counts to the database, before the process ends."""
        self._read_waiting()
        self.flush()

    def _read_waiting(self) -> None:
        candidate, shadow = self._candidate, self._shadow
        for _ in range(AT_ONCE):
            try:
                shown = self._waiting.popleft()
            except IndexError:  # also where another thread was faster
                return
            if candidate:
                self._tally.count(_pair(shadow, shown, candidate))

    def _follow(self) -> None:
        try:
            if not self._database.exists:
                return
            with self._database.reading() as session:
                newest = shadows.newest(session)
            on = newest if newest and newest.is_on(now()) else None
            if (on.id if on else "") != self._shadow:
                self._candidate = None
                self._waiting.clear()  # nothing counts for one shadow that was meant for another
                self._shadow, self._until = (on.id, on.until) if on else ("", _LONG_AGO)
                self._candidate = self._load(on.version) if on else None
        except Exception as error:  # whatever it is, answers go on
            self._next_look = time.monotonic() + _LOOK_AGAIN_AFTER_FAILURE
            if not self._is_stuck:
                log.warning("the shadow cannot be followed: %s", one_line(error))
            self._is_stuck = True
        else:
            self._is_stuck = False

    def _load(self, version: str) -> Recognizer | None:
        if version == SHIPPED:
            return self._models.shipped()
        try:
            return tried(self._versions.read(version))
        except BundleError as error:
            log.error("version refused for the shadow: %s", error)
            return None


def _pair(shadow: str, shown: _Shown, candidate: Recognizer) -> Pair:
    unseen = NumberPrediction.of_digit(candidate.read_prepared(shown.prepared))
    return Pair(
        shadow=shadow,
        version=shown.version,
        shown=shown.reading,
        shown_certainty=shown.certainty,
        unseen=reading_of(unseen),
        unseen_certainty=unseen.certainty,
    )
