"""Numbers: several digits in one drawing."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import answered, draw, wait_until
from tests.handwriting import write
from trainer.data.rendering.canvas import RenderStyle, render
from trainer.data.rendering.numbers import compose_number

DASHED = """() => new Promise((resolve) => {
    const { setLineDash } = CanvasRenderingContext2D.prototype;
    CanvasRenderingContext2D.prototype.setLineDash = function (segments) {
        if (segments.length) resolve(true);
        return setLineDash.call(this, segments);
    };
})"""
"""Resolves once a dashed line is drawn on a canvas."""


@pytest.fixture
def number(drawings):
    """The strokes of a handwritten 407."""
    return compose_number([drawings[digit] for digit in (4, 0, 7)], np.random.default_rng(1))


COLUMNS = """() => {
    const pad = document.getElementById("pad");
    const accent = getComputedStyle(pad).getPropertyValue("--accent").match(/\\d+/g);
    const { data } = pad.getContext("2d").getImageData(0, 0, pad.width, pad.height);
    const counts = new Array(pad.width).fill(0);
    for (let i = 0; i < data.length; i += 4) {
        const near = [0, 1, 2].every((c) => Math.abs(data[i + c] - accent[c]) < 8);
        if (near && data[i + 3] > 250) counts[(i / 4) % pad.width] += 1;
    }
    return counts.filter((n, x) => n > 30 && (counts[x - 1] ?? 0) <= 30).length;
}"""
"""The number of vertical lines in the accent color on the pad."""


def accent_columns(page) -> int:
    """How many vertical lines in the accent color are on the pad."""
    return page.evaluate(COLUMNS)


def framed(page, digits: int) -> None:
    """Wait until this many digits are framed, as they are once the last answer has come."""
    wait_until(page, f"(lines) => ({COLUMNS})() === lines", 2 * digits)


STEPS = """() => {
    const drawing = saw.querySelector("canvas");
    const { data } = drawing.getContext("2d").getImageData(0, 0, drawing.width, drawing.height);
    const isBlue = (_, i) => data[4 * i + 3] > 128 && data[4 * i + 2] > data[4 * i] + 40;
    const isInk = (_, i) => data[4 * i + 3] > 128;
    const pixels = Array.from({ length: data.length / 4 });
    const heights = saw.querySelector("path").getAttribute("d").match(/v-[0-9.]+/g);
    return {
        ink: pixels.filter(isInk).length, blue: pixels.filter(isBlue).length,
        bars: heights.map((each) => (Number(each.slice(2)) - 1) / 26),
    };
}"""
"""Of the steps to an answer: pixels of the drawing, those in the color of frames, and the bars."""


def test_the_steps_show_the_chosen_digit_and_the_drawing_without_frames(open_page, number):
    page = open_page()
    page.select_option("#mode", "number")
    draw(page, number, size=0.8)
    framed(page, digits=3)
    for index, digit in enumerate((4, 0, 7)):
        page.locator("#answer button").nth(index).click()
        expect(page.locator("#bars .best th")).to_have_text(str(digit))
        steps = page.evaluate(STEPS)
        assert steps["bars"].index(max(steps["bars"])) == digit
        assert (steps["ink"] > 500, steps["blue"]) == (True, 0)


def test_several_digits_in_single_mode_offer_to_switch(open_page, screen, number):
    page = open_page(**screen)
    page.select_option("#mode", "digit")
    draw(page, number, size=0.8)
    expect(page.locator("#sentence")).to_have_text("That looks like several digits.")
    expect(page.locator("#answer")).to_have_text("")
    expect(page.locator("#right")).to_be_hidden()  # nothing was read that could be right
    page.keyboard.press("r")
    page.get_by_role("button", name="Read it as a number").click()
    answered(page, "407")
    expect(page.locator("#mode")).to_have_value("number")
    expect(page.locator("#read-number")).to_be_hidden()
    expect(page.locator("#right")).to_be_visible()
    expect(page.locator("#thanks")).to_be_hidden()
    expect(page.locator("#sentence")).to_contain_text("407")
    expect(page.locator("#seen-line")).to_contain_text("The least certain digit.")
    assert accent_columns(page) == 6  # three frames


PLACES = """() => [...document.querySelectorAll("#truths button:not(#right)")].map((each) => {
    const { left, top, height } = each.getBoundingClientRect();
    const { top: above } = truths.getBoundingClientRect();
    return [each.value, Math.round(left), Math.round(top - above), height < 100];
})"""
"""Where each correction button is among them, and whether it is at most two rows high."""


def test_the_correction_buttons_stay_where_they_are_if_nothing_could_be_right(open_page, number):
    page = open_page(viewport={"width": 360, "height": 800})
    page.select_option("#mode", "digit")
    draw(page, number, size=0.8)
    page.get_by_role("button", name="Read it as a number").wait_for()
    after_all, bars = (page.locator(each).bounding_box() for each in ("#after-all", "#bars"))
    assert bars["y"] - after_all["y"] - after_all["height"] < 12  # no button between them
    without_right = page.evaluate(PLACES)
    page.get_by_role("button", name="Read it as a number").click()
    expect(page.locator("#right")).to_be_visible()
    with_right = page.evaluate(PLACES)
    digits = [each for each in with_right if each[0] != "not_a_digit"]
    assert [each for each in without_right if each[0] != "not_a_digit"] == digits
    assert all(is_low for *_, is_low in without_right + with_right)


ENCODED_LINE = """async () => {
    const { encode } = await import("/static/stroke_code.js");
    return encode([{ width: 42, pressure: false, points: [[500, 100, 1], [500, 900, 1]] }]);
}"""


def test_a_drawing_is_read_the_same_way_after_a_reload_and_in_another_language(
    open_page, site, number
):
    page = open_page()
    page.select_option("#model", "cnn")
    page.select_option("#mode", "digit")
    draw(page, number, size=0.8)
    page.get_by_role("button", name="Read it as a number").click()
    answered(page, "407")
    for again in (page.reload, page.get_by_role("link", name="简体中文").click):
        again()
        answered(page, "407")
        expect(page.locator("#mode")).to_have_value("number")
        expect(page.locator("#model")).to_have_value("cnn")
        expect(page.locator("#about-model")).to_have_text(
            page.locator("#model option:checked").get_attribute("data-about")
        )
    line = page.evaluate(ENCODED_LINE)
    page.goto(f"{site.url}/about")
    page.goto(f"{site.url}/#drawing={line}&mode=auto&model=mlp")  # a link has its own
    expect(page.locator("#mode")).to_have_value("auto")
    expect(page.locator("#model")).to_have_value("mlp")


def test_a_number_is_read_while_it_is_drawn_and_its_frames_go_with_it(open_page, number):
    page = open_page(expect_errors=True)  # the first touch of the pen is a dot: 422
    page.select_option("#mode", "number")
    draw(page, number, size=0.8)
    answered(page, "407")
    page.locator("#clear").click()
    expect(page.locator("#answer")).to_have_text("")
    assert accent_columns(page) == 0
    page.select_option("#mode", "digit")
    draw(page, number[-1:], size=0.5)
    page.wait_for_load_state("networkidle")
    assert accent_columns(page) == 0


def test_chinese_has_no_space_between_what_is_said_of_a_number_and_of_a_mark(
    open_page, drawings, encode
):
    page = open_page(locale="zh-CN")
    page.select_option("#mode", "number")
    picture = encode(write("4+7", drawings, np.random.default_rng(4)))
    file = {"name": "sum.png", "mimeType": "image/png", "buffer": picture}
    page.locator("#upload").set_input_files(file)
    answered(page, "47")
    for said in ("#sentence", "#seen-line"):
        sentences = re.compile("^[^。]+。[^。 ][^。]+。$")
        expect(page.locator(said)).to_have_text(sentences)


def test_a_mark_in_a_number_is_framed_with_dashes_and_said(open_page, drawings, encode):
    page = open_page()
    page.select_option("#mode", "number")
    picture = encode(write("4+7", drawings, np.random.default_rng(4)))
    file = {"name": "sum.png", "mimeType": "image/png", "buffer": picture}
    with_dashes = page.evaluate_handle(f"() => ({{ done: ({DASHED})() }})")
    page.locator("#upload").set_input_files(file)
    answered(page, "47")
    assert with_dashes.evaluate("({ done }) => done")
    expect(page.locator("#sentence")).to_contain_text("There is a mark I can’t read.")
    expect(page.locator("#spoken")).to_contain_text("There is a mark I can’t read.")


def test_an_uploaded_number_is_framed(open_page, number, encode):
    page = open_page()
    page.select_option("#mode", "number")
    picture = encode(render(number, RenderStyle(side=800, size=0.8, pen=14)))
    file = {"name": "407.png", "mimeType": "image/png", "buffer": picture}
    page.locator("#upload").set_input_files(file)
    answered(page, "407")
    for _ in range(50):  # frames are painted a moment after the answer
        if accent_columns(page) == 6:
            break
        page.wait_for_timeout(100)
    assert accent_columns(page) == 6


def test_without_scripts_a_number_can_be_uploaded(open_page, number, encode):
    page = open_page(java_script_enabled=False)
    picture = encode(render(number, RenderStyle(side=560, size=0.8, pen=11)))
    file = {"name": "407.png", "mimeType": "image/png", "buffer": picture}
    page.locator("#upload").set_input_files(file)
    page.select_option("#mode", "number")
    page.get_by_role("button", name="Read it", exact=True).click()
    answered(page, "407")
    expect(page.locator("#mode")).to_have_value("number")
