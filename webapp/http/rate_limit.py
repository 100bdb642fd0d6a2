"""How often a client may do something, counted in the database for all processes together."""

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
    """So often may a client do something in a span of time."""

    def __init__(self, what: str, limit: int, span: timedelta, secret: str) -> None:
        self._what = what
        self._limit = limit
        self._span = span
        self._secret = secret

    def hit(self, session: Session, address: str) -> timedelta | None:
        """Count one more; or, where the limit is reached, how long until the client may go on."""
        if wait := self.retry_after(session, address):
            return wait
        begins = self._begins(now())
        session.execute(delete(Counter).where(Counter.what == self._what, Counter.begins < begins))
        key = (self._what, self._client(address, begins), begins)
        with suppress(IntegrityError), session.begin_nested():
            session.add(Counter(what=key[0], client=key[1], begins=begins, count=0))
        session.get_one(Counter, key, with_for_update=True).count += 1
        return None

    def retry_after(self, session: Session, address: str) -> timedelta | None:
        """How long until the client may go on, where the limit is reached."""
        moment = now()
        begins = self._begins(moment)
        counter = session.get(Counter, (self._what, self._client(address, begins), begins))
        if counter is None or counter.count < self._limit:
            return None
        return begins + self._span - moment

    def _begins(self, moment: datetime) -> datetime:
        return moment - (moment - _EPOCH) % self._span

    def _client(self, address: str, begins: datetime) -> str:
        """A client's name in the counters: of no use without the secret, another in each span."""
        text = f"{address} {begins.isoformat()}"
        return hmac.new(self._secret.encode(), text.encode(), hashlib.sha256).hexdigest()
