"""Resource budgets: each figure in tests/budgets.toml stays within its limit.

`python -m tests.test_budgets` prints the current figures.
"""

from __future__ import annotations

import gzip
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import psutil
import pytest
from packaging.requirements import Requirement
from playwright.sync_api import Response, expect, sync_playwright

from tests.browser.conftest import chromium
from tests.conftest import ROOT, build, need
from tests.webapp.test_serving import Server

BUDGETS = Path(__file__).with_name("budgets.toml")

SERVE_ONCE = """
import io, sys
from PIL import Image, ImageDraw
from webapp.app import create_app
from webapp.settings import Settings
image = Image.new("L", (100, 100), 255)
ImageDraw.Draw(image).line([(50, 10), (50, 90)], 0, 8)
file = io.BytesIO()
image.save(file, "PNG")
client = create_app(Settings(home="/nonexistent")).test_client()
assert client.get("/").status_code == 200
file.seek(0)
assert client.post("/api/v1/predict", data={"image": (file, "1.png")}).status_code == 200
sys.stdout.write(str(len(sys.modules)))
"""


def modules_to_serve() -> int:
    command = [sys.executable, "-c", SERVE_ONCE]
    return int(subprocess.run(command, capture_output=True, check=True, cwd=ROOT).stdout)


def worker_rss_mib() -> float:
    with one_worker() as server:
        (worker,) = server.workers()
        return psutil.Process(worker).memory_info().rss / 2**20


@contextmanager
def one_worker() -> Iterator[Server]:
    """`inkling serve` with one worker, which is ready."""
    with tempfile.TemporaryDirectory() as home:
        server = Server(Path(home), INKLING_WORKERS="1")
        try:
            server.wait_until_ready()
            yield server
        finally:
            server.stop()


def wheel_kb() -> float:
    with tempfile.TemporaryDirectory() as folder:
        build(Path(folder))
        (wheel,) = Path(folder).glob("*.whl")
        return wheel.stat().st_size / 1000


def page_kb() -> float:
    return sum(page_load()) / 1000


def page_requests() -> int:
    return len(page_load())


def learn_kb() -> float:
    drawn, learned = (sum(proxied for _, proxied in load) for load in page_loads())
    return (learned - drawn) / 1000


def page_load() -> list[int]:
    """Bytes of each body that a browser without a cache fetches for the draw page."""
    return [sent for sent, _ in page_loads()[0]]


@cache
def page_loads() -> list[list[tuple[int, int]]]:
    """What a browser without a cache fetches for the draw page, and for the learn page with all its
    parts: bytes of each body as `inkling serve` sends it, and as a proxy that compresses does."""

    def load(url: str) -> list[tuple[int, int]]:
        responses: list[Response] = []

        def keep(response: Response) -> None:
            responses.append(response)

        with sync_playwright() as playwright:
            page = playwright.chromium.launch(**chromium()).new_page()
            page.on("response", keep)
            page.goto(url, wait_until="networkidle")
            for part in page.locator("[data-script]").all():
                part.scroll_into_view_if_needed()
                expect(page.locator("[data-script][data-is-alive]").and_(part)).to_be_visible()
            page.wait_for_load_state("networkidle")
            return [sizes(each) for each in responses]

    # Playwright allows one instance a thread, and this thread's may be that of the browser tests.
    with one_worker() as server, ThreadPoolExecutor(1) as thread:
        return [
            thread.submit(load, f"http://127.0.0.1:{server.port}{path}").result()
            for path in ("/", "/learn")
        ]


def sizes(response: Response) -> tuple[int, int]:
    """Bytes of a body as it was sent, and compressed where that makes it smaller."""
    sent = response.request.sizes()["responseBodySize"]
    return sent, min(sent, len(gzip.compress(response.body())))


def direct_dependencies() -> int:
    return len(dependencies())


def dependencies() -> list[Requirement]:
    """Those that pyproject.toml names for serving; an editable install's metadata may be old."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return [Requirement(text) for text in project["dependencies"]]


def installed_dependencies() -> int:
    found: set[tuple[str, str]] = set()
    to_visit = dependencies()
    while to_visit:
        requirement = to_visit.pop()
        for extra in {"", *requirement.extras}:
            name = re.sub(r"[-_.]+", "-", requirement.name).lower()
            if (name, extra) in found:
                continue
            found.add((name, extra))
            try:
                texts = requires(name) or []
            except PackageNotFoundError:
                pytest.fail(f"{name} is not installed; run `make install`")
            needed = map(Requirement, texts)
            to_visit += [r for r in needed if not r.marker or r.marker.evaluate({"extra": extra})]
    return len({name for name, _extra in found})


OF_PAGES = (page_kb, page_requests, learn_kb)
MEASURES: tuple[Callable[[], float], ...] = (
    modules_to_serve,
    worker_rss_mib,
    wheel_kb,
    *OF_PAGES,
    direct_dependencies,
    installed_dependencies,
)


@pytest.mark.parametrize(
    "measure", [each for each in MEASURES if each not in OF_PAGES], ids=lambda each: each.__name__
)
def test_nothing_exceeds_its_budget(measure):
    check(measure)


def test_no_page_exceeds_its_budgets():
    """In one test, as they are measured together."""
    there = chromium()["executable_path"] is not None
    need(there, "no Chromium on this machine (Debian: apt install chromium)")
    for measure in OF_PAGES:
        check(measure)


def check(measure: Callable[[], float]) -> None:
    name = measure.__name__
    limit = budgets()[name]["limit"]
    measured = measure()
    assert measured <= limit, (
        f"{name} is {measured:,.0f}, above the limit of {limit:,}: remove what the change added or "
        f"raise the limit in {BUDGETS.relative_to(ROOT)} and say why in the commit message"
    )


def test_every_budget_is_measured_and_its_limit_is_at_most_ten_percent_above_today():
    assert list(budgets()) == [measure.__name__ for measure in MEASURES]
    for name, budget in budgets().items():
        assert budget["today"] <= budget["limit"] <= 1.1 * budget["today"], name


def budgets() -> dict[str, dict[str, int]]:
    return tomllib.loads(BUDGETS.read_text())


if __name__ == "__main__":
    for each in MEASURES:
        limit = budgets()[each.__name__]["limit"]
        sys.stdout.write(f"{each.__name__}: {each():,.0f} (limit {limit:,})\n")
