"""A real server and a real browser."""

import shutil
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    expect,
    sync_playwright,
)
from werkzeug.serving import make_server

from tests.conftest import need, set_up
from trainer.recognition.strokes import Strokes
from webapp.app import create_app
from webapp.settings import Settings
from webapp.storage.database import Database

expect.set_options(timeout=15_000)  # for busy machines
DESKTOP = {"viewport": {"width": 1280, "height": 720}}
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


PASSWORD = "correct horse"


_MOST_POINTS = 14
"""Of a stroke, as each movement of the mouse waits for the browser to paint."""


class Site:
    """The app on its own port; it can be stopped and started again."""

    def __init__(self, home: str, **settings: Any) -> None:
        self._app = create_app(Settings(home=home, admin_password=PASSWORD, **settings))
        self.database: Database = self._app.extensions["inkling"].database
        set_up(self.database)
        self.requests: list[str] = []
        self._app.before_request(self._note)
        self._port = 0
        self.start()

    def _note(self) -> None:
        from flask import request

        self.requests.append(request.path)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        self._server = make_server("127.0.0.1", self._port, self._app, threaded=True)
        self._port = self._server.port
        # It looks that often whether it is to stop; half a second by default, for each test.
        serve = self._server.serve_forever
        threading.Thread(target=serve, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def chromium() -> dict[str, Any]:
    """Launch options for the system's Chromium; `executable_path` is None if there is none.

    Without the browser's own windows, it takes half the processor.
    """
    names = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
    return {
        "executable_path": next(filter(None, map(shutil.which, names)), None),
        "args": ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
    }


@pytest.fixture(scope="session")
def browser() -> Browser:
    options = chromium()
    there = options["executable_path"] is not None
    need(there, "no Chromium on this machine (Debian: apt install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**options)
        yield browser
        browser.close()


@pytest.fixture
def site(tmp_path):
    site = Site(str(tmp_path))
    yield site
    site.stop()


@pytest.fixture
def open_page(browser: Browser, site: Site) -> Callable[..., Page]:
    """Open a path in a new browser context; any console error fails the test.

    Nothing moves unless `reduced_motion` says otherwise: motion is a twelfth of what they cost.
    """
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type == "error":
            errors.append(message.text)

    def opener(path: str = "/", expect_errors: bool = False, **options: object) -> Page:
        usual = {"locale": "en-US", "reduced_motion": "reduce", **DESKTOP}
        context = browser.new_context(**usual | options)
        contexts.append(context)
        page = context.new_page()
        if not expect_errors:
            page.on("pageerror", lambda error: errors.append(str(error)))
            page.on("console", note)
        page.goto(site.url + path)
        return page

    yield opener
    for context in contexts:
        context.close()
    assert errors == []


@pytest.fixture(params=["desktop", "phone"])
def screen(request) -> dict[str, object]:
    return DESKTOP if request.param == "desktop" else PHONE


def sign_in(page: Page) -> None:
    """Sign in as the admin, on the login page."""
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def fits(page: Page) -> bool:
    """Whether nothing overflows horizontally (`innerWidth` would grow with it on a phone)."""
    return page.evaluate(
        "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    )


def draw(
    page: Page,
    lines: Strokes,
    size: float = 0.6,
    at: tuple[float, float] = (0.5, 0.5),
    frame: str = "",
) -> None:
    """Draw strokes on the pad with the pointer; `size` and `at` are fractions of the pad.

    `frame` selects the frame of the page that has the pad.
    """
    pad = page.frame_locator(frame).locator("#pad") if frame else page.locator("#pad")
    box = pad.bounding_box()
    assert box
    points = np.vstack(lines)
    low, extent = points.min(axis=0), np.ptp(points, axis=0)
    scale = size * box["width"] / max(extent.max(), 1e-9)
    room = np.array([box["width"], box["height"]]) - extent * scale
    offset = np.array([box["x"], box["y"]]) + room * np.array(at)
    for line in lines:
        path = (line - low) * scale + offset
        path = path[np.unique(np.linspace(0, len(path) - 1, _MOST_POINTS).round().astype(int))]
        page.mouse.move(*path[0])
        page.mouse.down()
        for point in path[1:]:
            page.mouse.move(*point)
        page.mouse.up()


INK = """async ([left, top, right, bottom]) => {
  for (let i = 0; i < 2; i++) await new Promise(requestAnimationFrame); // it is painted by then
  const { width: side } = pad;
  const area = [left, top, right - left, bottom - top].map((each) => Math.round(each * side));
  const { data } = pad.getContext("2d").getImageData(...area);
  return data.filter((value, i) => i % 4 === 3 && value > 128).length / side ** 2;
}"""


WAIT = """({ condition, arg }) => new Promise((resolve, reject) => {
  const holds = CONDITION;
  const deadline = performance.now() + 30_000;
  const check = () => {
    if (holds(arg)) resolve();
    else if (performance.now() > deadline) reject(new Error(`never true: ${condition}`));
    else requestAnimationFrame(check);
  };
  check();
})"""


def wait_until(page: Page, condition: str, arg: object = None) -> None:
    """Wait until a function of the page, given as its source, returns something true.

    `Page.wait_for_function` evaluates text anew for each look, which the pages' content security
    policy refuses from the second look on; this one compiles the function once.
    """
    page.evaluate(WAIT.replace("CONDITION", condition), {"condition": condition, "arg": arg})


def ink(page: Page, area: tuple[float, float, float, float] = (0, 0, 1, 1)) -> float:
    """The share of the pad that is inked in an area: left, top, right, bottom in 0..1."""
    share: float = page.evaluate(INK, area)
    return share


class Pointers:
    """Pens and fingers on the pad; positions are fractions of it."""

    def __init__(self, page: Page) -> None:
        self._session = page.context.new_cdp_session(page)
        box = page.locator("#pad").bounding_box()
        assert box
        self._box = box

    def _place(self, x: float, y: float) -> dict[str, float]:
        left, top, side = self._box["x"], self._box["y"], self._box["width"]
        return {"x": left + x * side, "y": top + y * side}

    def touch(self, kind: str, *points: tuple[float, float]) -> None:
        """A `touchStart`, `touchMove` or `touchEnd`, with all fingers that are down."""
        places = [self._place(*point) | {"id": n} for n, point in enumerate(points)]
        self._session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})

    def pen(self, kind: str, x: float, y: float) -> None:
        """A `mousePressed`, `mouseMoved` or `mouseReleased`, by a pen."""
        pressed = {"buttons": 0 if kind == "mouseReleased" else 1, "force": 0.5}
        button = {"button": "left", "clickCount": 1, "pointerType": "pen"}
        event = {"type": kind} | self._place(x, y) | pressed | button
        self._session.send("Input.dispatchMouseEvent", event)

    def pen_line(self, x: float) -> None:
        """A vertical line by a pen, from the upper to the lower part of the pad."""
        self.pen("mousePressed", x, 0.2)
        for y in (0.3, 0.4, 0.5, 0.6, 0.7, 0.8):
            self.pen("mouseMoved", x, y)
        self.pen("mouseReleased", x, 0.8)

    def finger_line(self, x: float) -> None:
        """A vertical line by a finger, from the upper to the lower part of the pad."""
        self.touch("touchStart", (x, 0.2))
        for y in (0.3, 0.4, 0.5, 0.6, 0.7, 0.8):
            self.touch("touchMove", (x, y))
        self.touch("touchEnd")


def answered(page: Page, digit: int | str) -> None:
    expect(page.locator("#answer")).to_have_text(str(digit), timeout=5000)
