import re
from itertools import pairwise

import numpy as np
import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from tests.browser.conftest import PHONE, answered, draw
from webapp.storage.tables import Drawing

CROSS = [
    np.array([[0, 0], [50, 50], [100, 100]], float),
    np.array([[100, 0], [50, 50], [0, 100]], float),
]


def bars(page) -> list[float]:
    return page.eval_on_selector_all(
        "#bars [data-digit]", "rows => rows.map(row => Number(row.dataset.probability))"
    )


def settled(page) -> str:
    """The answer once no request is in flight."""
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(150)
    return page.locator("#answer").inner_text()


def test_each_digit_is_drawn_and_recognized(open_page, screen, drawings):
    page = open_page(expect_errors=True, **screen)  # the first touch may be a dot: 422
    wrong = []
    step = 3 if screen == PHONE else 1  # what differs there is the page, not the digit
    for label, lines in list(drawings.items())[::step]:
        draw(page, lines)
        try:
            answered(page, label)
        except AssertionError:
            wrong.append(label)
        assert sum(bars(page)) == pytest.approx(1, abs=1e-6)
        page.locator("#clear").click()
        expect(page.locator("#answer")).to_have_text("")
    assert len(wrong) <= 1


def test_no_bar_stands_out_where_the_answer_is_no_digit(open_page):
    page = open_page()
    draw(page, CROSS)
    expect(page.locator("#after-all")).to_be_visible()
    expect(page.locator("#bars .best")).to_have_count(0)
    expect(page.locator("#truths .answered")).to_have_attribute("value", "not_a_digit")
    shares = page.locator("#bars .share").all_inner_texts()
    assert all(re.fullmatch(r"\d+\.\d %", each) for each in shares)  # as the server writes them


def test_a_blot_is_no_error_of_the_page(open_page):
    page = open_page()  # fails on errors in the console
    page.locator("#pen").fill("100")
    statuses = []
    page.on("response", lambda response: statuses.append(response.status))
    turns = np.linspace(0, 2 * np.pi, 13)
    draw(page, [np.column_stack([np.cos(turns), np.sin(turns)])], size=0.12)
    expect(page.locator("#sentence")).to_have_text("Draw a digit, or drop a picture here.")
    expect(page.locator("#undo")).to_be_enabled()
    for _ in range(500):
        if 204 in statuses:
            return
        page.wait_for_timeout(10)
    pytest.fail(f"{statuses}")


NOISE = """() => {
  const noise = () => Math.floor(256 * Math.random());
  CanvasRenderingContext2D.prototype.getImageData = (x, y, width, height) =>
    new ImageData(Uint8ClampedArray.from({ length: 4 * width * height }, noise), width, height);
  const send = HTMLCanvasElement.prototype.toDataURL;
  HTMLCanvasElement.prototype.toDataURL = function (...kind) {
    const copy = document.createElement("canvas");
    copy.width = copy.height = this.width;
    const { data } = CanvasRenderingContext2D.prototype.getImageData(0, 0, this.width, this.height);
    copy.getContext("2d").putImageData(new ImageData(data, this.width), 0, 0);
    return send.apply(copy, kind);
  };
}"""


def test_drawings_are_read_where_the_browser_turns_pictures_to_noise(open_page, site, drawings):
    page = open_page("/about")
    page.add_init_script(f"({NOISE})()")
    page.goto(site.url)
    draw(page, drawings[7])
    answered(page, 7)
    page.locator("#mode").select_option("number")
    expect(page.locator("#sentence")).to_contain_text("7")
    page.locator("#mode").select_option("digit")
    answered(page, 7)
    page.locator("#right").click()
    expect(page.locator("#thanks")).to_contain_text("Saved as a 7")
    with site.database.reading() as session:
        (stored,) = session.scalars(select(Drawing))
        assert len(stored.strokes) == len(drawings[7])


def test_drawing_sends_one_request_at_a_time(open_page):
    """By the browser's own clock, no two requests overlap and starts are at least 120 ms apart."""
    page = open_page()
    box = page.locator("#pad").bounding_box()
    page.mouse.move(box["x"] + 200, box["y"] + 60)
    page.mouse.down()
    for i in range(60):
        page.mouse.move(box["x"] + 200, box["y"] + 60 + 4 * i)
        page.wait_for_timeout(16)
    answered(page, 1)  # while the pen is still down
    page.mouse.up()
    settled(page)
    requests = page.evaluate(
        """() => performance.getEntriesByType("resource")
          .filter((entry) => entry.name.endsWith("/predict"))
          .map((entry) => [entry.startTime, entry.responseEnd])"""
    )
    assert len(requests) >= 4
    for (_, ended), (next_started, _) in pairwise(requests):
        assert ended <= next_started
    starts = [started for started, _ in requests]
    # On average, as fetch starts its own clock a little later, on a busy machine by some more.
    assert (starts[-1] - starts[0]) / (len(starts) - 1) >= 118


def test_a_late_answer_is_dropped(open_page, drawings):
    page = open_page()
    held = []
    page.route("**/api/v1/predict", lambda route: held.append(route))  # noqa: PLW0108
    draw(page, drawings[7])
    page.wait_for_timeout(300)
    page.locator("#clear").click()
    for route in held:
        route.continue_()
    page.wait_for_timeout(500)
    expect(page.locator("#answer")).to_have_text("")
    expect(page.locator("#sentence")).to_have_text("Draw a digit, or drop a picture here.")


def test_a_request_that_the_rate_limit_refuses_is_sent_again_quietly(open_page, drawings):
    page = open_page(expect_errors=True)
    refused = []

    def refuse_first(route) -> None:
        if refused:
            route.continue_()
            return
        refused.append(route.request.post_data)
        body = '{"code": "too_many_requests"}'
        route.fulfill(status=429, headers={"Retry-After": "1"}, body=body)

    sentences = "window.said = []; new MutationObserver(() => said.push(sentence.textContent))"
    page.evaluate(f"{sentences}.observe(sentence, {{ childList: true }})")
    page.route("**/api/v1/predict", refuse_first)
    draw(page, drawings[7])
    answered(page, 7)
    assert len(refused) == 1
    assert not [said for said in page.evaluate("said") if "network" in said]


def test_who_is_refused_twice_is_told_to_wait(open_page, drawings):
    page = open_page(expect_errors=True)
    body = '{"code": "too_many_requests"}'
    page.route(
        "**/api/v1/predict",
        lambda route: route.fulfill(status=429, headers={"Retry-After": "1"}, body=body),
    )
    draw(page, drawings[7])
    expect(page.locator("#sentence")).to_contain_text("Too many requests")


def test_undo_redo_and_clear_by_button_and_by_key(open_page, drawings):
    page = open_page()
    undo, redo, clear = (page.locator(f"#{name}") for name in ("undo", "redo", "clear"))
    for button in (undo, redo, clear):
        expect(button).to_be_disabled()
    draw(page, drawings[7])
    answer = settled(page)
    strokes = len(drawings[7])
    for _ in range(strokes):
        undo.click()
    expect(undo).to_be_disabled()
    assert settled(page) == ""
    for _ in range(strokes):
        page.keyboard.press("Control+Shift+Z")
    assert settled(page) == answer
    page.keyboard.press("Control+Z")
    expect(redo).to_be_enabled()
    page.keyboard.press("Escape")
    expect(clear).to_be_disabled()
    assert settled(page) == ""


def test_a_dot_is_not_sent_until_it_becomes_a_line(open_page, site):
    page = open_page()
    box = page.locator("#pad").bounding_box()
    page.mouse.move(box["x"] + 200, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + 203, box["y"] + 103)
    page.wait_for_timeout(300)
    assert "/api/v1/predict" not in site.requests
    expect(page.locator("#sentence")).to_have_text("Draw a digit, or drop a picture here.")
    page.mouse.move(box["x"] + 200, box["y"] + 300, steps=10)
    page.mouse.up()
    answered(page, 1)


def test_the_pen_width_is_used(open_page, drawings):
    def ink(width):
        page = open_page()
        page.locator("#pen").fill(str(width))
        draw(page, drawings[1])
        page.wait_for_timeout(100)
        return page.evaluate(
            "() => { const c = document.getElementById('pad');"
            " const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;"
            " let n = 0; for (let i = 3; i < d.length; i += 4) n += d[i] > 128; return n }"
        )

    assert ink(90) > 3 * ink(20)


def test_touch_draws_on_a_phone(open_page, drawings):
    page = open_page(**PHONE)
    box = page.locator("#pad").bounding_box()
    session = page.context.new_cdp_session(page)

    def touch(kind, x=None, y=None):
        points = [] if x is None else [{"x": box["x"] + x, "y": box["y"] + y}]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", 150, 60)
    for y in range(60, 260, 8):
        touch("touchMove", 150, y)
    touch("touchEnd")
    answered(page, 1)
    assert page.evaluate("scrollY") == 0


def test_a_pen_writes_and_the_palm_beside_it_does_not(open_page):
    page = open_page()
    page.evaluate(
        """() => {
        const pad = document.getElementById("pad");
        const { left, top } = pad.getBoundingClientRect();
        const fire = (type, pointerId, pointerType, x, y) => {
          const place = { clientX: left + x, clientY: top + y, bubbles: true, cancelable: true };
          const pointer = { pointerId, pointerType, pressure: 0.6, button: 0 };
          pad.dispatchEvent(new PointerEvent(type, { ...place, ...pointer }));
        };
        pad.setPointerCapture = () => {};
        fire("pointerdown", 1, "pen", 200, 80);
        for (let y = 80; y < 400; y += 10) fire("pointermove", 1, "pen", 200, y);
        fire("pointerdown", 2, "touch", 350, 400);
        fire("pointermove", 2, "touch", 450, 450);
        fire("pointerup", 1, "pen", 200, 400);
        fire("pointerdown", 3, "touch", 380, 420);
        fire("pointerup", 3, "touch", 380, 420);
        }"""
    )
    answered(page, 1)
    page.locator("#undo").click()  # the pen's stroke was the only one
    expect(page.locator("#undo")).to_be_disabled()


def test_the_drawing_is_kept_and_sent_again_when_the_server_comes_back(open_page, drawings, site):
    page = open_page(expect_errors=True)
    site.stop()
    draw(page, drawings[7])
    expect(page.locator("#sentence")).to_contain_text("can’t be reached")
    expect(page.locator("#undo")).to_be_enabled()
    site.start()
    expect(page.locator("#answer")).to_have_text("7", timeout=15_000)


def test_a_change_of_language_keeps_the_drawing(open_page, drawings):
    page = open_page()
    draw(page, drawings[7])
    answered(page, 7)
    page.get_by_role("link", name="简体中文").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
    answered(page, 7)
    expect(page.locator("#sentence")).to_contain_text("7")


def test_the_theme_switches_and_is_remembered(open_page):
    page = open_page(color_scheme="light")
    shade = "getComputedStyle(document.documentElement).backgroundColor"
    light = page.evaluate(shade)
    page.get_by_role("button", name="Light or dark").click()
    dark = page.evaluate(shade)
    assert dark != light
    page.reload()
    assert page.evaluate(shade) == dark
    theme = page.locator("#theme")
    expect(theme).to_have_accessible_name("Light or dark theme: dark")
    theme.click()
    expect(theme).to_have_accessible_name("Light or dark theme: light")
    theme.click()
    expect(theme).to_have_accessible_name("Light or dark theme: as the system")
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(shade) == dark


def test_a_large_sheet_stays_sharp_and_a_resize_loses_nothing(open_page, drawings):
    page = open_page(device_scale_factor=3)
    draw(page, drawings[7])
    answered(page, 7)
    ratio = page.evaluate("pad.width / pad.clientWidth")
    assert ratio == pytest.approx(3, abs=0.02)
    page.set_viewport_size({"width": 500, "height": 900})
    page.wait_for_timeout(200)
    page.locator("#model").dispatch_event("change")  # ask again for the same strokes
    answered(page, 7)


def test_everything_fits_without_scrolling(open_page, screen):
    page = open_page(**screen)
    height = page.viewport_size["height"]
    assert page.evaluate("document.querySelector('#bars').getBoundingClientRect().bottom") <= height
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
    if screen is not PHONE:
        assert page.evaluate("document.documentElement.scrollHeight") <= height


def test_the_page_is_small_and_contacts_no_other_host(open_page, drawings, site):
    page = open_page()
    urls = []
    page.on("request", lambda request: urls.append(request.url))
    page.reload(wait_until="networkidle")
    loaded = {url for url in urls if not url.startswith("data:")}
    assert all(url.startswith(site.url) for url in loaded)
    assert len(loaded) <= 10
    draw(page, drawings[3])
    settled(page)
    assert all(url.startswith((site.url, "data:", "blob:")) for url in urls)


def test_without_scripts_the_page_is_an_upload_form(open_page, seven, encode):
    page = open_page(java_script_enabled=False)
    said = page.locator("#result").inner_text()
    assert "draw" not in said.lower()
    assert "Choose a picture" in said
    file = {"name": "7.png", "mimeType": "image/png", "buffer": encode(seven)}
    page.locator("#upload").set_input_files(file)
    page.get_by_role("button", name="Read it").click()
    assert page.locator("#answer").inner_text() == "7"
    assert "7" in page.locator("#sentence").inner_text()
    expect(page.locator("#pad")).to_be_hidden()
