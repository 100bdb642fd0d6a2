import base64

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser.conftest import answered, draw

MAKE_FILES = """([content, type]) => {
  const bytes = Uint8Array.from(atob(content), (c) => c.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], "picture", { type }));
  return transfer;
}"""


@pytest.fixture
def seven_png(seven, encode) -> bytes:
    return encode(seven)


def choose(page, content: bytes, name="picture.png", kind="image/png"):
    page.locator("#upload").set_input_files({"name": name, "mimeType": kind, "buffer": content})


def accent_pixels(page) -> int:
    """How many pixels of the pad have the color of the frame."""
    return page.evaluate(
        """() => {
        const canvas = document.getElementById("pad");
        const probe = document.createElement("canvas").getContext("2d");
        probe.fillStyle = getComputedStyle(document.querySelector(".best rect")).fill;
        probe.fillRect(0, 0, 1, 1);
        const [r, g, b] = probe.getImageData(0, 0, 1, 1).data;
        const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        let count = 0;
        const near = (i, value) => Math.abs(data[i] - value) < 4;
        for (let i = 0; i < data.length; i += 4)
          count += near(i, r) && near(i + 1, g) && near(i + 2, b);
        return count;
        }"""
    )


def test_a_chosen_file_is_read_and_framed(open_page, screen, seven_png):
    page = open_page(**screen)
    choose(page, seven_png)
    answered(page, 7)
    expect(page.locator("#bars .best")).to_have_attribute("data-digit", "7")
    page.wait_for_timeout(200)
    assert accent_pixels(page) > 100


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "GIF", "BMP"])
def test_other_formats_are_read_too(open_page, seven, encode, kind):
    page = open_page()
    choose(page, encode(seven, kind), kind=f"image/{kind.lower()}")
    answered(page, 7)


def test_a_dropped_file_is_read_wherever_it_falls(open_page, seven_png):
    page = open_page()
    files = page.evaluate_handle(MAKE_FILES, [base64.b64encode(seven_png).decode(), "image/png"])
    page.dispatch_event("footer", "dragenter", {"dataTransfer": files})
    expect(page.locator("body")).to_have_class("dropping")
    page.dispatch_event("footer", "drop", {"dataTransfer": files})
    expect(page.locator("body")).not_to_have_class("dropping")
    answered(page, 7)


def test_a_pasted_picture_is_read(open_page, seven_png):
    page = open_page()
    files = page.evaluate_handle(MAKE_FILES, [base64.b64encode(seven_png).decode(), "image/png"])
    page.evaluate(
        "files => document.dispatchEvent(new ClipboardEvent('paste', {clipboardData: files}))",
        files,
    )
    answered(page, 7)


def test_the_same_file_can_be_chosen_twice(open_page, seven_png):
    page = open_page()
    for _ in range(2):
        choose(page, seven_png)
        answered(page, 7)
        page.keyboard.press("Escape")
        expect(page.locator("#answer")).to_have_text("")


def test_drawing_on_an_uploaded_picture_starts_over(open_page, seven_png, drawings):
    page = open_page()
    choose(page, seven_png)
    answered(page, 7)
    draw(page, drawings[1])
    answered(page, 1)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"hello", "not a picture we can read"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a picture we can read"),
        (b"\x89PNG\r\n\x1a\nnonsense", "damaged or incomplete"),
        (bytes(10 * 1024**2 + 1), "too large"),
    ],
)
def test_a_file_that_cannot_be_read_is_explained(open_page, content, words):
    page = open_page(expect_errors=True)
    choose(page, content)
    expect(page.locator("#sentence")).to_contain_text(words)
    expect(page.locator("#answer")).to_have_text("")


def test_a_blank_picture_says_that_nothing_is_drawn(open_page, encode):
    page = open_page(expect_errors=True)
    choose(page, encode(Image.new("L", (50, 50), 255)))
    expect(page.locator("#sentence")).to_have_text("Nothing is drawn in this picture.")


def test_the_api_page_shows_the_response(open_page, seven_png):
    page = open_page("/api/docs")
    file = {"name": "7.png", "mimeType": "image/png", "buffer": seven_png}
    page.locator("#try-file").set_input_files(file)
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#try-answer")).to_contain_text('"digit": 7')
