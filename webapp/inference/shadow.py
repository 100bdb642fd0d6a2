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
from webapp.inference.tally import END_WAITS_FOR, FLUSH_SECONDS, Tally
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
"""Drawings that may wait, and so are read in each step: some 1 % of a core's time."""
STEP_READS_FOR = 0.05
"""Seconds after which a step begins no further drawing: a large version takes a tenth of a core,
and what is too much is dropped."""
END_READS_FOR = 1.0
"""Seconds, likewise, before the process ends."""
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
        self._tally: Tally[Pair] = Tally("the shadow", database, shadows.add)
        self._shadow: int | None = None  # the one that is on
        self._until = _LONG_AGO
        self._candidate: Recognizer | None = None
        self._next_look = self._next_flush = 0.0
        self._is_stuck = False
        self.flush = self._tally.flush

    def watch(self, number: NumberPrediction, recognizer: Recognizer, several: bool) -> None:
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
        try:
            self._read_waiting(STEP_READS_FOR)
        finally:
            if time.monotonic() >= self._next_flush:
                self._next_flush = time.monotonic() + FLUSH_SECONDS
                self.flush()

    def finish(self) -> None:
        """Read what still waits, and add all counts to the database, before the process ends."""
        try:
            self._read_waiting(END_READS_FOR)
        finally:
            self.flush(END_WAITS_FOR)

    def _read_waiting(self, seconds: float) -> None:
        """Read until nothing waits or the time is over; a candidate that raises reads no more."""
        candidate, shadow = self._candidate, self._shadow
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                shown = self._waiting.popleft()
            except IndexError:  # also where another thread was faster
                return
            if candidate is None or shadow is None:
                continue
            try:
                self._tally.count(_pair(shadow, shown, candidate))
            except Exception as error:  # onnxruntime's own exceptions share no other base
                version = candidate.card.version
                log.error("version %s failed in the shadow: %s", version, one_line(error))
                self._candidate = None
                self._waiting.clear()
                return

    def _follow(self) -> None:
        try:
            if not self._database.exists:
                return
            with self._database.reading() as session:
                on = shadows.on(session)
            if (on.id if on else None) != self._shadow:
                self._candidate, self._shadow = None, None
                self._waiting.clear()  # nothing counts for one shadow that was meant for another
                candidate = self._load(on.version) if on else None
                # Only now: where loading fails for a moment, it is tried again.
                self._shadow, self._until = (on.id, on.until) if on else (None, _LONG_AGO)
                self._candidate = candidate
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


def _pair(shadow: int, shown: _Shown, candidate: Recognizer) -> Pair:
    unseen = NumberPrediction.of_digit(candidate.read_prepared(shown.prepared))
    return Pair(
        shadow=shadow,
        version=shown.version,
        shown=shown.reading,
        shown_certainty=shown.certainty,
        unseen=reading_of(unseen),
        unseen_certainty=unseen.certainty,
    )
