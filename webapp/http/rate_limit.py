"""Rate limits per client, counted in the database for all processes together."""

from __future__ import annotations

import hashlib
import hmac
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from webapp.storage.tables import Counter, now

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class RateLimiter:
    """Allows each client a number of actions in a fixed window of time.

    `action` names the counter; `limit` actions are allowed per `period`. Clients are counted under
    a hash of their address, keyed with `secret` and new in each window, so that the counters do
    not reveal addresses.
    """

    def __init__(self, action: str, limit: int, period: timedelta, secret: str) -> None:
        self._action = action
        self._limit = limit
        self._period = period
        self._secret = secret

    def hit(self, session: Session, address: str) -> timedelta | None:
        """Count an action; or, if the limit is reached, return the time until the next window."""
        if wait := self.retry_after(session, address):
            return wait
        begins = self._begins(now())
        session.execute(
            delete(Counter).where(Counter.what == self._action, Counter.begins < begins)
        )
        key = (self._action, self._client(address, begins), begins)
        with suppress(IntegrityError), session.begin_nested():
            session.add(Counter(what=key[0], client=key[1], begins=begins, count=0))
        session.get_one(Counter, key, with_for_update=True).count += 1
        return None

    def retry_after(self, session: Session, address: str) -> timedelta | None:
        """The time until the next window if the limit is reached, else None."""
        moment = now()
        begins = self._begins(moment)
        counter = session.get(Counter, (self._action, self._client(address, begins), begins))
        if counter is None or counter.count < self._limit:
            return None
        return begins + self._period - moment

    def _begins(self, moment: datetime) -> datetime:
        """The start of the window around a moment."""
        return moment - (moment - _EPOCH) % self._period

    def _client(self, address: str, begins: datetime) -> str:
        """The key of a client's counter."""
        text = f"{address} {begins.isoformat()}"
        return hmac.new(self._secret.encode(), text.encode(), hashlib.sha256).hexdigest()
