"""How often a client may do something, counted in the database for all processes together."""

from __future__ import annotations

import hashlib
import hmac
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from webapp.database import Counter, now

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def client_hash(secret: str, address: str, begins: datetime) -> str:
    """A client's name in the counters: of no use without the secret, and another in each span."""
    text = f"{address} {begins.isoformat()}"
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def take(
    session: Session, secret: str, what: str, address: str, limit: int, span: timedelta
) -> timedelta | None:
    """Count one more; or, where the limit is reached, how long until the client may go on."""
    moment = now()
    begins = moment - (moment - _EPOCH) % span
    session.execute(delete(Counter).where(Counter.what == what, Counter.begins < begins))
    client = client_hash(secret, address, begins)
    with suppress(IntegrityError), session.begin_nested():
        session.add(Counter(what=what, client=client, begins=begins, count=0))
    counter = session.get_one(Counter, (what, client, begins), with_for_update=True)
    if counter.count >= limit:
        return begins + span - moment
    counter.count += 1
    return None
