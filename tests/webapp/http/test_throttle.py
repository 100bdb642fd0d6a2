"""The limit of requests a second, in the memory of each process."""

import io
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext

import pytest
from PIL import Image

from trainer.recognition.image import Picture
from webapp.app import create_app
from webapp.cost import charged, charged_to
from webapp.http.errors import Problem
from webapp.http.throttle import Throttle
from webapp.settings import Settings


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def passed(throttle: Throttle, client: str, tries: int) -> int:
    return [throttle.take(client) for _ in range(tries)].count(0)


def test_a_client_may_send_a_burst_of_ten_seconds_and_then_as_many_as_the_rate(clock):
    throttle = Throttle(50, clock)
    assert passed(throttle, "a", 600) == 500
    assert throttle.take("a") == pytest.approx(1 / 50)
    for _ in range(20):
        clock.now += 1
        assert passed(throttle, "a", 60) == 50
    clock.now += 60
    assert passed(throttle, "a", 600) == 500
    assert passed(throttle, "b", 600) == 500


def test_many_threads_take_no_more_than_the_burst(clock):
    throttle = Throttle(5, clock)
    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(lambda _: passed(throttle, "a", 50), range(8))) == 50


def test_what_is_owed_delays_the_next_requests_but_never_for_ever(clock):
    throttle = Throttle(1, clock)
    throttle.owe("a", 9)
    assert passed(throttle, "a", 5) == 1
    throttle.owe("a", 1e9)
    assert throttle.take("a") == pytest.approx(11)
    assert passed(throttle, "b", 5) == 5


def test_a_rate_of_0_allows_everything(clock):
    throttle = Throttle(0, clock)
    throttle.owe("a", 1e9)
    assert passed(throttle, "a", 10_000) == 10_000


def test_a_flood_of_addresses_uses_bounded_memory(clock):
    throttle = Throttle(1, clock)
    tracemalloc.start()
    try:
        for number in range(100_000):
            throttle.take(f"2001:db8::{number:x}/64")
        size = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert size < 4 << 20


@pytest.fixture
def site(tmp_path):
    """A site that allows a burst of 10 requests."""
    return site_without_time(tmp_path)


def site_without_time(home, **settings: int):
    """A site whose limit is not refilled, however slow the machine."""
    site = create_app(Settings(home=str(home), rate_limit=1, **settings))
    site.extensions["inkling"].limits.requests.clock = Clock()
    return site


def statuses(client, path: str, tries: int, **options: object) -> list[int]:
    return [client.get(path, **options).status_code for _ in range(tries)]


def test_one_client_is_told_to_wait_while_others_are_served(site):
    client = site.test_client()
    assert statuses(client, "/api/v1/models", 10) == [200] * 10
    refused = client.get("/api/v1/models")
    assert (refused.status_code, refused.get_json()["code"]) == (429, "too_many_requests")
    assert refused.mimetype == "application/problem+json"
    assert refused.headers["Retry-After"] == "1"
    page = client.get("/", headers={"Accept": "text/html"})
    assert (page.status_code, page.mimetype) == (429, "text/html")
    assert "Please wait a moment" in page.get_data(as_text=True)
    for path in ("/healthz", "/static/draw.js"):
        assert set(statuses(client, path, 20)) == {200}
    other = {"REMOTE_ADDR": "203.0.113.9"}
    assert statuses(client, "/api/v1/models", 10, environ_base=other) == [200] * 10


@pytest.mark.parametrize("address", ["2001:db8:1:2:{:x}::1", "::ffff:203.0.113.9"])
def test_all_addresses_of_an_ipv6_network_are_one_client(site, address):
    codes = [
        site.test_client()
        .get("/api/v1/models", environ_base={"REMOTE_ADDR": address.format(number)})
        .status_code
        for number in range(12)
    ]
    assert codes == [200] * 10 + [429] * 2


def test_invented_forwarded_addresses_change_nothing_without_a_trusted_proxy(site):
    codes = [
        site.test_client()
        .get("/api/v1/models", headers={"X-Forwarded-For": f"192.0.2.{number}"})
        .status_code
        for number in range(12)
    ]
    assert codes == [200] * 10 + [429] * 2


def test_behind_a_proxy_only_the_address_that_it_added_counts(tmp_path):
    site = site_without_time(tmp_path, proxies=1)

    def codes(real: str) -> list[int]:
        return [
            site.test_client()
            .get("/api/v1/models", headers={"X-Forwarded-For": f"192.0.2.{number}, {real}"})
            .status_code
            for number in range(12)
        ]

    assert codes("198.51.100.1") == [200] * 10 + [429] * 2
    assert codes("198.51.100.2") == [200] * 10 + [429] * 2


@pytest.mark.parametrize(
    ("path", "fields", "at_least"),
    [
        ("/api/v1/predict", {}, 1),
        ("/api/v1/predict", {"model": "all"}, 3),
        ("/api/v1/predict", {"mode": "number"}, 3),
        ("/api/v1/explain", {}, 10),
        ("/", {}, 1),
        ("/compare", {}, 3),
        ("/models/inkling/inside", {}, 10),
    ],
)
def test_dearer_requests_take_more_of_the_limit(site, seven, encode, path, fields, at_least):
    client = site.test_client()
    answers = []
    while not answers or answers[-1] == 200:
        form = fields | {"image": (io.BytesIO(encode(seven)), "7.png")}
        answers.append(client.post(path, data=form).status_code)
    assert answers[-1] == 429
    assert len(answers) - 1 <= -(-10 // at_least)


def test_a_large_picture_takes_more_of_the_limit(site, encode):
    import numpy as np

    white = np.full((2000, 2000), 255, np.uint8)
    white[800:1200, 990:1010] = 0
    form = {"image": (io.BytesIO(encode(white)), "1.png")}
    assert site.test_client().post("/api/v1/predict", data=form).status_code == 200
    assert site.test_client().get("/api/v1/models").status_code == 200  # 1 + 8 + 1
    assert site.test_client().get("/api/v1/models").status_code == 429


@pytest.mark.parametrize("is_refused", [False, True])
def test_pictures_that_take_long_to_decode_take_more_of_the_limit(clock, is_refused):
    throttle = Throttle(50, clock)

    def read() -> Picture:
        time.sleep(0.3)
        if is_refused:
            raise Problem(422, "broken_picture", "broken")
        return Picture(Image.new("L", (10, 10)), 1.0)

    with pytest.raises(Problem) if is_refused else nullcontext():
        charged_to(throttle, "a", read)
    assert passed(throttle, "a", 600) <= 490


def test_what_waited_for_a_thread_is_not_decoded_once_the_client_owes_more_than_its_bucket(site):
    def read() -> Picture:
        raise AssertionError

    with site.test_request_context(environ_base={"REMOTE_ADDR": "192.0.2.1"}):
        site.extensions["inkling"].limits.requests.owe("192.0.2.1", 1e6)
        with pytest.raises(Problem) as caught:
            charged(read)
    assert caught.value.code == "too_many_requests"
    assert int(dict(caught.value.headers)["Retry-After"]) > 0


def test_a_client_is_overdue_until_it_owes_no_more_than_its_bucket(clock):
    throttle = Throttle(50, clock)
    throttle.owe("a", 500)
    assert throttle.overdue("a") == throttle.overdue("b") == 0
    throttle.owe("a", 100)
    assert throttle.overdue("a") == pytest.approx(2)
    clock.now += 2
    assert throttle.overdue("a") == 0
    assert Throttle(0, clock).overdue("a") == 0
