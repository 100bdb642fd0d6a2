"""Counts the default model's answers by day, version, reading and certainty."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime

from sqlalchemy.orm import Session

from trainer.recognition.prediction import NumberPrediction
from trainer.recognition.recognizer import Recognizer
from webapp.inference.tally import FLUSH_SECONDS, Tally
from webapp.schemas import NOT_A_DIGIT
from webapp.storage import answer_counts
from webapp.storage.answer_counts import Counted, Kind
from webapp.storage.database import Database
from webapp.storage.tables import now
from webapp.threads import every

NUMBER = "number"
CONFIDENT = 14 / 15
"""Confidence of the highest of the 15 bins in a card's reliability diagram."""


def reading_of(number: NumberPrediction, several: bool = False) -> str:
    """What an answer says: 0 to 9, not_a_digit, or number for several digits.

    `several` says that a single digit was asked for, and is refused as it would be a number.
    """
    if several:
        return NUMBER
    if not number.is_number:
        return NOT_A_DIGIT
    return NUMBER if len(number.digits) > 1 else str(number.digits[0].digit)


class AnswerCounts:
    """How often which version answered what; nothing else is known of an answer.

    `clock` returns the current time in UTC.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime] = now) -> None:
        self._clock = clock
        self._tally: Tally[tuple[Kind, bool]] = Tally("answers", database, self._write)
        self._expired: date | None = None  # the day on which old days were deleted last
        self.flush = self._tally.flush

    def count(self, number: NumberPrediction, recognizer: Recognizer, several: bool) -> None:
        """Count an answer, as a watcher of `Models`."""
        version, today = recognizer.card.version, self._clock().date()
        kind = Kind(today, version, reading_of(number, several), number.certainty)
        self._tally.count((kind, number.confidence >= CONFIDENT))

    def flush_in_background(self) -> None:
        """From now on add what was counted to the database, in a thread."""
        every(FLUSH_SECONDS, self.flush)

    def _write(self, session: Session, counts: Mapping[tuple[Kind, bool], int]) -> None:
        kinds = {kind for kind, _ in counts}
        rows = {
            kind: Counted(
                counts.get((kind, True), 0) + counts.get((kind, False), 0),
                counts.get((kind, True), 0),
            )
            for kind in kinds
        }
        answer_counts.add(session, rows)
        today = self._clock().date()
        if self._expired != today:
            answer_counts.expire(session)
            self._expired = today
