"""The sheet in a course's page, on another site, under a path of its host."""

import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect
from werkzeug.serving import make_server

from tests.browser.conftest import Site, draw, wait_until

PAGE = """<!doctype html><title>Course</title>
<iframe src="{sheet}" width="700" height="420"></iframe>
<script>window.told = []; addEventListener("message", ({{ data, origin }}) =>
  told.push([origin, data.source, data.answer && data.answer.text]))</script>"""


class Course:
    """A page with the sheet in a frame, at two origins: both are sites of their own."""

    def __init__(self) -> None:
        self.sheet = ""
        self._server = make_server("127.0.0.1", 0, self._page, threaded=True)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.origin = f"http://localhost:{self._server.port}"
        self.other_origin = f"http://course.localhost:{self._server.port}"

    def _page(self, environ, start_response):
        start_response("200 OK", [("Content-Type", "text/html")])
        return [PAGE.format(sheet=self.sheet).encode()]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def course(tmp_path) -> Iterator[Course]:
    course = Course()
    origins = f"https://course.example {course.origin}"
    site = Site(str(tmp_path), prefix="/digits", frame_ancestors=origins)
    course.sheet = f"{site.url}/digits/embed"
    yield course
    site.stop()
    course.close()


def test_the_page_around_is_told_the_answers_and_that_the_sheet_is_blank_again(
    browser: Browser, course: Course, drawings
):
    page = browser.new_page()
    page.goto(course.origin)
    frame = page.frame_locator("iframe")
    expect(frame.locator("#undo")).to_be_disabled()
    draw(page, drawings[3], frame="iframe")
    wait_until(page, "() => told.at(-1)?.[2] === '3'")
    assert page.evaluate("told.at(-1)") == [
        course.sheet.removesuffix("/digits/embed"),
        "inkling",
        "3",
    ]
    frame.locator("#clear").click()
    wait_until(page, "() => told.at(-1)[2] === null")
    with page.expect_console_message(lambda message: "frame-ancestors" in message.text):
        page.goto(course.other_origin)  # which the browser refuses the frame
    expect(page.frame_locator("iframe").locator("#pad")).to_have_count(0)
    page.close()
