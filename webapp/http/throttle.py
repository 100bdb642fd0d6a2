"""A limit on each client's requests a second, kept in the memory of this process.

Nothing is stored and no database is asked, since every request passes here.
"""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Container
from http import HTTPStatus

from flask import Flask, request

from webapp.http.client import client_network
from webapp.http.errors import Problem

_BURST = 10.0  # seconds
_TOLERANCE = 1e-6  # seconds; the rounding errors of a burst's additions are smaller
_CLIENTS = 10_000  # about 2 MB; who has been away longest is forgotten first


class Throttle:
    """Allows each client `rate` requests a second on average, and bursts of ten times as many.

    A token bucket for each client. A `rate` of 0 allows everything. `clock` returns seconds.
    """

    def __init__(self, rate: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self.clock = clock
        self._lock = threading.Lock()
        # When each client's bucket will be full again: one number says how full it is at any time.
        self._full_at: OrderedDict[str, float] = OrderedDict()

    def take(self, client: str, reserve: float = 0.0) -> float:
        """Take one request from a client's bucket, if it has one beside a share (0..1) in reserve.

        Returns 0, or the seconds until it will have one.
        """
        if not self._rate:
            return 0
        with self._lock:
            now = self.clock()
            full_at = max(self._full_at.get(client, now), now) + 1 / self._rate
            room = _BURST * (1 - reserve)
            if full_at - now > room + _TOLERANCE:
                return full_at - now - room
            self._keep(client, full_at)
        return 0

    def owe(self, client: str, cost: float) -> None:
        """Take `cost` requests from a client's bucket even if it has less.

        The client's next requests wait for that, at most as long as a bucket takes to fill.
        """
        if not self._rate:
            return
        with self._lock:
            now = self.clock()
            full_at = max(self._full_at.get(client, now), now) + cost / self._rate
            self._keep(client, min(full_at, now + 2 * _BURST))

    def overdue(self, client: str) -> float:
        """The seconds until a client owes no more than its bucket holds; 0 if that is so now."""
        with self._lock:
            now = self.clock()
            owed = self._full_at.get(client, now) - now
        return owed - _BURST if owed > _BURST + _TOLERANCE else 0

    def _keep(self, client: str, full_at: float) -> None:
        self._full_at[client] = full_at
        self._full_at.move_to_end(client)
        if len(self._full_at) > _CLIENTS:
            self._full_at.popitem(last=False)


def init_app(app: Flask, throttle: Throttle, exempt: Container[str]) -> None:
    """Take one request from the client's bucket before anything else is done for a request.

    `exempt` are the names of endpoints that cost nothing.
    """

    @app.before_request
    def take() -> None:
        if request.endpoint in exempt:
            return
        if wait := throttle.take(client_network(request)):
            raise too_many_requests(wait)


def too_many_requests(wait: float) -> Problem:
    """What is answered to a client that may send its next request in `wait` seconds."""
    problem = Problem(
        HTTPStatus.TOO_MANY_REQUESTS,
        "too_many_requests",
        "Too many requests from your network; wait a moment",
    )
    problem.headers["Retry-After"] = str(math.ceil(wait))
    return problem
