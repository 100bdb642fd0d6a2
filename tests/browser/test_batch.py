"""Many pictures on the drawing page: their table, the file of its answers, their limits."""

import base64
import csv
import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser.conftest import answered, draw
from tests.browser.test_access import check_both_schemes
from tests.browser.test_uploading import choose

DROP = """files => {
  const transfer = new DataTransfer();
  for (const [name, content, type, padding = 0] of files) {
    const bytes = Uint8Array.from(atob(content), (c) => c.charCodeAt(0));
    transfer.items.add(new File([bytes, new Uint8Array(padding)], name, { type }));
  }
  return transfer;
}"""

# Every ImageBitmap that the page makes, and how many of them are closed.
COUNT_BITMAPS = """
window.bitmaps = { made: 0, closed: 0 };
const make = window.createImageBitmap;
window.createImageBitmap = async (...given) => {
  const bitmap = await make(...given);
  bitmaps.made += 1;
  return bitmap;
};
const { close } = ImageBitmap.prototype;
ImageBitmap.prototype.close = function () {
  if (this.width) bitmaps.closed += 1;
  close.call(this);
};
"""

# Resolves once so many have been made.
MADE = """async (count) => {
  const end = performance.now() + 5000;
  while (bitmaps.made < count && performance.now() < end) {
    await new Promise(requestAnimationFrame);
  }
}"""


def png(name: str, content: bytes, kind: str = "image/png") -> dict[str, object]:
    return {"name": name, "mimeType": kind, "buffer": content}


@pytest.fixture
def seven_png(seven, encode) -> bytes:
    return encode(seven)


def drop(page, *files: tuple[str, bytes, str]):
    sent = [(name, base64.b64encode(content).decode(), kind) for name, content, kind in files]
    transfer = page.evaluate_handle(DROP, sent)
    page.dispatch_event("#pad", "drop", {"dataTransfer": transfer})


def saved(page) -> list[dict[str, str]]:
    with page.expect_download() as download:
        page.locator("#csv").click()
    assert download.value.suggested_filename == "inkling.csv"
    text = Path(download.value.path()).read_text("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def test_many_files_and_an_archive_become_a_table_and_a_csv_file(
    open_page, seven, seven_png, encode
):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as written:
        for name in ("一/1.png", "一/2.png"):
            written.writestr(name, seven_png)
    large = encode(np.kron(seven, np.ones((36, 36), np.uint8)))  # 25.4 megapixels
    page = open_page()
    page.add_init_script(COUNT_BITMAPS)
    page.reload()
    page.locator("#upload").set_input_files(
        [
            png("a.png", seven_png),
            png("all.zip", archive.getvalue(), "application/zip"),
            png('=1+1,".txt', b"hello", "text/plain"),
            png("paper.pdf", b"%PDF-", "application/pdf"),
            png("large.png", large),
        ]
    )
    expect(page.locator("#csv")).to_be_visible()
    rows = page.locator("#batch tr")
    expect(rows).to_have_count(6)
    expect(rows.filter(has_text="a.png")).to_contain_text("7")
    expect(rows.filter(has_text="large.png")).to_contain_text("sure")
    expect(rows.filter(has_text="paper.pdf")).to_contain_text("This is a PDF")
    expect(page.locator("#batch [role=status]")).to_have_text("4 of 6 pictures were read.")
    found = saved(page)
    assert [each["file"] for each in found] == [
        "a.png",
        "一/1.png",
        "一/2.png",
        "'=1+1,\".txt",
        "paper.pdf",
        "large.png",
    ]
    assert [each["answer"] for each in found] == ["7", "7", "7", "", "", "7"]
    shares = [each["confidence"] for each in found]
    assert shares[3:5] == ["", ""]
    assert all(0.9 < float(share) <= 1 for share in shares if share)
    rows.last.scroll_into_view_if_needed()
    expect(page.locator("#batch img").first).to_be_visible()  # what the model saw of an archive's
    check_both_schemes(page, "many pictures")
    bitmaps = page.evaluate("bitmaps")
    assert bitmaps["made"] == bitmaps["closed"] > 0
    page.locator("#batch-close").click()
    expect(page.locator("#batch")).to_be_hidden()


def test_a_long_batch_leaves_the_page_to_others_and_can_be_stopped_and_continued(
    open_page, site, seven_png, drawings
):
    page = open_page()
    requests = []

    def hold_the_third(route):
        requests.append(route)
        if len(requests) != 3:
            route.continue_()

    page.route("**/api/v1/batch", hold_the_third)
    page.locator("#upload").set_input_files([png(f"{n}.png", seven_png) for n in range(100)])
    expect(page.locator("#batch output")).to_have_text("40 of 100")
    expect(page.locator("#csv")).to_be_hidden()
    page.locator("#pad").scroll_into_view_if_needed()
    draw(page, drawings[1])
    answered(page, 1)
    page.locator("#batch-cancel").click()
    expect(page.locator("#csv")).to_be_visible()
    assert sum(each["answer"] == "7" for each in saved(page)) == 40
    page.locator("#batch-go-on").click()
    expect(page.locator("#batch output")).to_have_text("100 of 100")
    expect(page.locator("#csv")).to_be_visible()
    assert [each["answer"] for each in saved(page)] == ["7"] * 100
    assert site.requests.count("/api/v1/batch") == 5  # of 20 each; the one that was held never came


def test_several_dropped_files_are_a_batch_and_what_the_server_refuses_is_tried_again(
    open_page, seven_png
):
    page = open_page(expect_errors=True)
    page.route("**/api/v1/batch", lambda route: route.fulfill(status=503), times=1)
    drop(page, ("a.png", seven_png, "image/png"), ("b.png", seven_png, "image/png"))
    expect(page.locator("#batch tr").last).to_contain_text("sure")
    assert [each["answer"] for each in saved(page)] == ["7", "7"]


def test_a_picture_beyond_the_limits_is_reduced_in_the_browser(open_page, seven, encode):
    page = open_page()
    choose(page, encode(np.kron(seven, np.ones((36, 36), np.uint8))))
    answered(page, 7)
    content = base64.b64encode(encode(Image.fromarray(seven).rotate(180))).decode()
    transfer = page.evaluate_handle(DROP, [["7.png", content, "image/png", 11_000_000]])
    page.dispatch_event("#pad", "drop", {"dataTransfer": transfer})  # of more than 10 MB
    expect(page.locator("#answer")).not_to_have_text("7")


def test_a_dropped_pdf_says_what_to_do_and_the_drawing_can_be_had_again(open_page, drawings):
    page = open_page()
    draw(page, drawings[1])
    answered(page, 1)
    drop(page, ("paper.pdf", b"%PDF-1.7", "application/pdf"))
    expect(page.locator("#sentence")).to_contain_text("take a screenshot")
    page.locator("#undo").click()
    answered(page, 1)


def test_a_link_that_is_dragged_over_the_page_is_left_to_the_browser(open_page):
    page = open_page()
    is_left = """kind => {
        const dataTransfer = new DataTransfer();
        if (kind === "file") dataTransfer.items.add(new File(["x"], "x.png"));
        else dataTransfer.setData("text/uri-list", "https://example.org/");
        const event = new DragEvent("dragover", { dataTransfer, bubbles: true, cancelable: true });
        return document.body.dispatchEvent(event);
    }"""
    assert page.evaluate(is_left, "link")
    assert not page.evaluate(is_left, "file")


def test_pictures_that_leave_the_history_are_closed(open_page, seven_png):
    page = open_page()
    page.add_init_script(COUNT_BITMAPS)
    page.reload()
    for n in range(11):  # eight are kept beside the one that is shown
        choose(page, seven_png)
        page.evaluate(MADE, n + 1)
    assert page.evaluate("bitmaps") == {"made": 11, "closed": 2}
