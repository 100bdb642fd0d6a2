"""Small pictures that once took a worker for half a minute, beside everybody's requests."""

from __future__ import annotations

import base64
import json
import threading

import cv2
import numpy as np
import pytest

from tests.chaos.conftest import Site
from tests.chaos.load import JSON, Answer
from tests.trainer.recognition.test_isolated import BOMB

AT_ONCE = 4
"""As many as both workers have threads for pictures."""


def dots(encode) -> bytes:
    picture = np.full((512, 512), 255, np.uint8)
    picture[1:-1:2, 1:-1:2] = 0
    return encode(picture)


def cross_hatch(encode) -> bytes:
    picture = np.full((1024, 1024), 255, np.uint8)
    picture[50:-50:4, 50:-50] = 0
    picture[50:-50, 50:-50:4] = 0
    return encode(picture)


def repeated_scans(encode) -> bytes:
    """A progressive JPEG whose last scan is there 400 times."""
    picture = np.full((3_000, 3_000), 255, np.uint8)
    cv2.line(picture, (1_500, 400), (1_500, 2_600), 0, 150)
    content = encode(picture, "JPEG", progressive=True)
    return content[:-2] + content[content.rindex(b"\xff\xda") : -2] * 400 + content[-2:]


def large_frame(_) -> bytes:
    """An AVIF whose frame is far larger than its header states."""
    return BOMB


BOMBS = {"dots": (dots, "number"), "cross-hatch": (cross_hatch, "digit"),
         "repeated scans": (repeated_scans, "digit"),
         "large frame": (large_frame, "digit")}  # fmt: skip


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_is_answered_soon_and_holds_up_nobody(site: Site, encode, bomb):
    site.longest  # noqa: B018
    make, mode = BOMBS[bomb]
    url = "data:image/png;base64," + base64.b64encode(make(encode)).decode()
    body = json.dumps({"image": url, "mode": mode}).encode()
    answers: list[Answer] = []

    def throw() -> None:
        answers.append(site.post("/api/v1/predict", body, **JSON))

    bombers = [threading.Thread(target=throw) for _ in range(AT_ONCE)]
    workers = site.server.workers()
    with site.load() as load:
        for bomber in bombers:
            bomber.start()
        for bomber in bombers:
            bomber.join()
        load.wait_for(20)
    site.check(load, site.longest)
    assert site.server.workers() == workers
    for answer in answers:
        assert answer.status in {200, 413, 422}, answer
        assert answer.seconds < 2 * AT_ONCE * site.longest, answer
