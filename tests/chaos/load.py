"""Load on a site: threads that send mixed requests, and what came of each of them."""

from __future__ import annotations

import base64
import http.client
import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from types import TracebackType
from typing import Self

import cv2
import numpy as np

LOST = 0
"""The status of a request whose connection broke."""
JSON = {"Content-Type": "application/json"}
PATIENCE = 60.0
"""Seconds for what takes one or two on an idle machine."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a request of this kind; `began` is a reading of `time.monotonic`."""

    kind: str
    status: int
    began: float
    seconds: float
    body: bytes = b""
    retry_after: str | None = None

    def json(self) -> dict:
        return json.loads(self.body)


def request(
    port: int, kind: str, method: str, path: str, body: bytes | None = None, **headers: str
) -> Answer:
    """Send one request on a connection of its own; never raises for what the server does."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    began = time.monotonic()
    try:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        content, status = response.read(), response.status
        wait = response.headers["Retry-After"]
    except (OSError, http.client.HTTPException) as error:
        content, status, wait = repr(error).encode(), LOST, None
    finally:
        connection.close()
    return Answer(kind, status, began, time.monotonic() - began, content, wait)


def seven(rng: np.random.Generator) -> bytes:
    """The JSON body with a 7 like no other, as the page sends it."""
    canvas = np.full((140, 140), 255, np.uint8)
    points = (np.array([[35, 30], [100, 30], [65, 115]]) + rng.integers(-16, 16, (3, 2))).astype(
        "i4"
    )
    cv2.polylines(canvas, [points], False, 0, 9, cv2.LINE_AA)
    png = cv2.imencode(".png", canvas)[1].tobytes()
    return json.dumps({"image": "data:image/png;base64," + base64.b64encode(png).decode()}).encode()


class Load:
    """A block during which `clients` threads send requests: predictions, feedback, pages, numbers
    (which are read in a thread of the server), what a load balancer asks, and nonsense.

    `kinds` are sent in turn. `acknowledged` are the ids of the drawings that the site has stored.
    """

    KINDS = ("predict", "feedback", "predict", "page", "number", "health")

    def __init__(self, port: int, clients: int = 4, kinds: tuple[str, ...] = KINDS) -> None:
        self.answers: list[Answer] = []
        self.acknowledged: set[str] = set()
        self._port = port
        self._kinds = kinds
        self._stopping = threading.Event()
        self._numbers = count()
        self._threads = [threading.Thread(target=self._send_on) for _ in range(clients)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: object, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    @property
    def statuses(self) -> Counter[tuple[str, int]]:
        return Counter((answer.kind, answer.status) for answer in self.answers)

    @property
    def slowest(self) -> Answer:
        return max(self.answers, key=lambda answer: answer.seconds)

    def of(self, *kinds: str) -> list[Answer]:
        return [answer for answer in self.answers if answer.kind in kinds]

    def wait_for(self, more: int, kind: str | None = None) -> None:
        """Wait until this many more requests, or requests of this kind, are answered."""
        goal = self._number(kind) + more
        until(lambda: self._number(kind) >= goal)

    def _number(self, kind: str | None) -> int:
        return len(self.answers) if kind is None else len(self.of(kind))

    def _send_on(self) -> None:
        rng = np.random.default_rng()
        while not self._stopping.is_set():
            kind = self._kinds[next(self._numbers) % len(self._kinds)]
            self._send(kind, rng)

    def _send(self, kind: str, rng: np.random.Generator) -> None:
        if kind == "page":
            self._ask("page", "GET", "/")
        elif kind == "health":
            self._ask("health", "GET", "/healthz")
        elif kind == "nonsense":
            self._ask("nonsense", "POST", "/api/v1/predict", b"{", **JSON)
        elif kind == "number":
            number = json.dumps(json.loads(seven(rng)) | {"mode": "number"}).encode()
            self._ask("number", "POST", "/api/v1/predict", number, **JSON)
        else:
            answer = self._ask("predict", "POST", "/api/v1/predict", seven(rng), **JSON)
            if kind == "feedback" and answer.status == 200:
                self._confirm(answer)

    def _confirm(self, answer: Answer) -> None:
        told = {"prediction_id": answer.json()["prediction_id"], "label": "7"}
        stored = self._ask(
            "feedback", "POST", "/api/v1/feedback", json.dumps(told).encode(), **JSON
        )
        if stored.status == 201:
            self.acknowledged.add(stored.json()["id"])

    def _ask(
        self, kind: str, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> Answer:
        answer = request(self._port, kind, method, path, body, **headers)
        keep = answer if answer.status >= 400 or answer.status == LOST else _without_body(answer)
        self.answers.append(keep)
        return answer


def _without_body(answer: Answer) -> Answer:
    return Answer(answer.kind, answer.status, answer.began, answer.seconds)


def until(condition: Callable[[], bool], seconds: float = PATIENCE) -> None:
    """Wait until this is so."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.02)
