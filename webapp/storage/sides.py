"""Decides which drawings are for training and which are held out, so that nobody can choose.

Drawings are split by *origin*. That of a visitor's first drawing is the network and the day that it
comes from, and later drawings of this visitor keep it. Whoever sends no cookie is a new visitor
each time, but of the same origin all day. The origin and its side are hashes keyed with the site's
secret, so that they reveal no address, and nobody can find out the side of an origin.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.storage.tables import Drawing, now

FEW_ORIGINS = 5
"""With fewer origins, the drawings of each are split by time."""

BLOCK = 4
"""Drawings in a row that are on the same side, where an origin is split by time."""

HELD_BACK = 5
"""One origin, or one block, in so many is held back."""


class Side(NamedTuple):
    """Where a drawing belongs."""

    origin: str
    """Whom it counts as coming from, 32 hexadecimal digits."""
    held_back: bool
    """Whether it judges instead of teaching."""


class Sides:
    """Places drawings; `secret` is the site's secret key, `clock` returns the current time."""

    def __init__(self, secret: str, clock: Callable[[], datetime] = now) -> None:
        self._secret = secret.encode()
        self._clock = clock

    def of_drawing(self, session: Session, visitor: str, network: str) -> Side:
        """The side of a visitor's next drawing, which comes from this network."""
        earlier = select(Drawing.origin).where(Drawing.visitor == visitor)
        origin = session.scalar(earlier.where(Drawing.origin.is_not(None)).limit(1))
        origin = origin or self._keyed(f"origin {self._clock():%Y-%m-%d} {network}")[:32]
        known = select(Drawing.origin).where(Drawing.origin.is_not(None)).distinct()
        if len({*session.scalars(known.limit(FEW_ORIGINS)), origin}) >= FEW_ORIGINS:
            return self.of_origin(origin)
        count = session.scalar(select(func.count()).where(Drawing.origin == origin)) or 0
        # The first blocks teach. Whoever counts along knows which ones judge, but gains nothing:
        # so few origins never decide on a promotion.
        return Side(origin, count // BLOCK % HELD_BACK == HELD_BACK - 1)

    def of_origin(self, origin: str) -> Side:
        """The side of all drawings of an origin: a fifth of the origins is held back."""
        return Side(origin, int(self._keyed(f"side {origin}"), 16) % HELD_BACK == 0)

    def _keyed(self, text: str) -> str:
        return hmac.new(self._secret, text.encode(), hashlib.sha256).hexdigest()
