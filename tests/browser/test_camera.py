"""The camera on the desktop, and cropping before reading; Chromium's camera shows a file."""

import cv2
import numpy as np
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DESKTOP, answered, chromium
from tests.browser.test_access import check_both_schemes
from tests.browser.test_uploading import choose


@pytest.fixture(scope="module")
def camera_browser(seven, tmp_path_factory, browser):
    """A browser whose camera sees a 7 on the left, upside down, and a black square on the right."""
    view = np.full((360, 640), 235, np.uint8)
    view[100:240, 60:200] = seven[::-1, ::-1]
    view[60:300, 400:600] = 0
    file = tmp_path_factory.mktemp("camera") / "camera.mjpeg"
    file.write_bytes(cv2.imencode(".jpg", view)[1].tobytes() * 2)
    options = chromium()
    fake = [
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",  # allows it
        f"--use-file-for-fake-video-capture={file}",
    ]
    launched = browser.browser_type.launch(**options | {"args": [*options["args"], *fake]})
    yield launched
    launched.close()


@pytest.fixture
def open_camera(camera_browser, site):
    contexts = []

    def opener():
        context = camera_browser.new_context(**DESKTOP, locale="en-US")
        contexts.append(context)
        page = context.new_page()
        page.add_init_script(
            """window.tracks = [];
            const { getUserMedia } = MediaDevices.prototype;
            MediaDevices.prototype.getUserMedia = async function (...given) {
              const stream = await getUserMedia.apply(this, given);
              tracks.push(...stream.getTracks());
              return stream;
            };"""
        )
        page.goto(site.url)
        page.locator("#camera").click()
        return page

    yield opener
    for context in contexts:
        context.close()


def lights_are(page, count: int) -> None:
    """So many of the camera's tracks are live, soon: a dialog tells late that it was closed."""
    page.evaluate(
        """async (count) => {
        const end = performance.now() + 5000;
        while (tracks.filter(({ readyState }) => readyState === "live").length !== count) {
          if (performance.now() > end) throw new Error(`not ${count} live tracks`);
          await new Promise(requestAnimationFrame);
        }
        }""",
        count,
    )


def test_a_picture_is_taken_turned_and_cropped_by_keyboard_then_read(open_camera):
    page = open_camera()
    expect(page.locator("#shoot")).to_be_focused()
    lights_are(page, 1)
    check_both_schemes(page, "the camera")
    page.keyboard.press("Enter")
    expect(page.locator("#cropper")).to_be_visible()
    lights_are(page, 0)
    expect(page.locator("#cropper output")).to_have_text("640 × 360")
    page.locator("#turn-left").press("Enter")
    expect(page.locator("#cropper output")).to_have_text("360 × 640")
    page.locator("#turn-left").press("Enter")
    frame = page.get_by_role("group", name="Frame")
    for _ in range(29):
        frame.press("Shift+ArrowLeft")
    for _ in range(40):
        frame.press("ArrowRight")  # the 7 is on the right now; it stops at the edge
    expect(page.locator("#cropper output")).to_have_text("269 × 360")
    check_both_schemes(page, "cropping")
    page.locator("#crop-read").press("Enter")
    expect(page.locator("#cropper")).to_be_hidden()
    answered(page, 7)
    expect(page.locator("#camera")).to_be_focused()
    page.locator("#undo").click()
    expect(page.locator("#answer")).to_be_empty()


def test_the_camera_is_off_however_the_dialog_is_left(open_camera):
    page = open_camera()
    expect(page.locator("#shoot")).to_be_enabled()
    page.keyboard.press("Escape")
    expect(page.locator("#viewfinder")).to_be_hidden()
    lights_are(page, 0)
    page.locator("#camera").click()
    expect(page.locator("#shoot")).to_be_enabled()
    page.locator("#shoot").click()
    page.locator("#crop-again").click()
    expect(page.locator("#shoot")).to_be_enabled()
    page.evaluate("tracks.at(-1).dispatchEvent(new Event('ended'))")  # it was unplugged
    expect(page.locator("#viewfinder [role=status]")).to_contain_text("turned off")
    lights_are(page, 0)
    with page.expect_file_chooser():
        page.locator("#file-instead").click()
    expect(page.locator("#viewfinder")).to_be_hidden()


@pytest.mark.parametrize(
    ("name", "words"),
    [("NotAllowedError", "may not use the camera"), ("NotFoundError", "no camera")],
)
def test_a_camera_that_is_not_to_be_had_is_explained_with_the_way_out(open_page, name, words):
    page = open_page()
    page.evaluate(
        """name => {
        const refuse = () => Promise.reject(new DOMException("", name));
        MediaDevices.prototype.getUserMedia = refuse;
        }""",
        name,
    )
    page.locator("#camera").click()
    expect(page.locator("#viewfinder [role=status]")).to_contain_text(words)
    expect(page.locator("#file-instead")).to_be_focused()
    page.locator("#viewfinder-close").click()
    expect(page.locator("#viewfinder")).to_be_hidden()


def test_a_picture_on_the_sheet_is_cropped_by_dragging_a_corner(open_page, seven, encode):
    two = np.hstack([seven, np.rot90(seven)])
    page = open_page()
    choose(page, encode(two))
    page.locator("#crop").click()
    expect(page.locator("#cropper output")).to_have_text("280 × 140")
    page.keyboard.press("1")  # no shortcut of the page's
    box = page.locator(".crop-frame").bounding_box()
    page.mouse.move(box["x"] + box["width"], box["y"] + box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + box["height"])
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"])
    page.mouse.up()
    expect(page.locator("#cropper output")).to_have_text("140 × 140")
    page.locator("#crop-read").click()
    answered(page, 7)
