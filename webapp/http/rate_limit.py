"""Rate limits per client, counted in the database for all processes and hosts together."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import ColumnElement, delete, func, select, text, tuple_, update
from sqlalchemy.orm import Session

from webapp.storage.tables import RateLimit

_DIGITS = 10  # of each time in `RateLimit.hits`, enough until the year 2286
_CLEANED_AT_ONCE = 100  # rows; so that no action pays for a flood of others

_HIT = text(
    f"""
    INSERT INTO rate_limits (action, client, hits, expires)
    VALUES (:action, :client, :moment, :expires)
    ON CONFLICT (action, client) DO UPDATE SET
        hits = CASE
            WHEN length(rate_limits.hits) < :full THEN rate_limits.hits
            ELSE substr(rate_limits.hits, length(rate_limits.hits) - :full + {_DIGITS} + 1)
        END || excluded.hits,
        expires = excluded.expires
    WHERE length(rate_limits.hits) < :full
        OR substr(rate_limits.hits, length(rate_limits.hits) - :full + 1, {_DIGITS}) <= :cutoff
    RETURNING action
    """  # noqa: S608 - only a constant is inserted
)
"""Appends a time to the latest `limit` ones if the oldest of those lies outside the window.

One statement, as two requests at once would both read the count before either adds to it. Times of
equal length compare as numbers do. `full` is the length of `limit` times.
"""


class RateLimiter:
    """Allows each client a number of actions in any span of time of a given length.

    `action` names what is limited; `limit` actions are allowed in any `period`, a sliding window.
    Clients are stored as a hash that is keyed with `secret`, so that rows do not reveal addresses,
    and rows are deleted when their last action is a period ago. `clock` returns seconds since 1970.
    """

    def __init__(
        self,
        action: str,
        limit: int,
        period: timedelta,
        secret: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.limit = limit
        self._action = action
        self._seconds = int(period.total_seconds())
        self._secret = secret
        self._clock = clock

    def hit(self, session: Session, client: str) -> timedelta | None:
        """Count an action; or, if the limit is reached, return the time until the next one."""
        moment = int(self._clock())
        values = {
            "action": self._action,
            "client": self._hashed(client),
            "moment": _stamp(moment),
            "cutoff": _stamp(moment - self._seconds),
            "expires": moment + self._seconds,
            "full": self.limit * _DIGITS,
        }
        if session.execute(_HIT, values).first() is None:
            return self.retry_after(session, client) or timedelta(seconds=1)
        self._clean_up(session, moment)
        return None

    def retry_after(self, session: Session, client: str) -> timedelta | None:
        """The time until the next action is allowed, if the limit is reached; else None."""
        hits = session.scalar(select(RateLimit.hits).where(*self._row(client))) or ""
        if len(hits) < self.limit * _DIGITS:
            return None
        oldest = int(hits[-self.limit * _DIGITS :][:_DIGITS])
        wait = oldest + self._seconds - self._clock()
        return timedelta(seconds=wait) if wait > 0 else None

    def release(self, session: Session, client: str) -> None:
        """Take back the client's latest action, which turned out not to count."""
        length = func.length(RateLimit.hits)
        shorter = func.substr(RateLimit.hits, 1, length - _DIGITS)
        session.execute(
            update(RateLimit)
            .where(*self._row(client), length >= _DIGITS)
            .values(hits=shorter)
            .execution_options(synchronize_session=False)
        )

    def _clean_up(self, session: Session, moment: int) -> None:
        """Delete rows that no longer matter, of all clients and actions.

        Rows that another transaction holds are left to the next time: waiting could deadlock.
        """
        key = (RateLimit.action, RateLimit.client)
        old = (
            select(*key)
            .where(RateLimit.expires < moment)
            .limit(_CLEANED_AT_ONCE)
            .with_for_update(skip_locked=True)
        )
        session.execute(
            delete(RateLimit)
            .where(tuple_(*key).in_(old), RateLimit.expires < moment)
            .execution_options(synchronize_session=False)
        )

    def _row(self, client: str) -> tuple[ColumnElement[bool], ...]:
        return (RateLimit.action == self._action, RateLimit.client == self._hashed(client))

    def _hashed(self, client: str) -> str:
        return hmac.new(self._secret.encode(), client.encode(), hashlib.sha256).hexdigest()


def _stamp(moment: int) -> str:
    """A time in seconds since 1970 as it stands in `RateLimit.hits`."""
    return f"{max(0, moment):0{_DIGITS}d}"
