"""Numbers find themselves: digits well apart are read as a number, and each can be corrected."""

import numpy as np
import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from tests.browser.conftest import PHONE, answered, draw, fits
from tests.browser.test_access import check_both_schemes
from tests.browser.test_numbers import framed
from trainer.data.rendering.numbers import compose_number
from webapp.storage.tables import Drawing

SIZE = 0.8
CROSS = [np.array([[0.0, 0.0], [1.0, 1.3]]), np.array([[1.0, 0.0], [0.0, 1.3]])]


@pytest.fixture
def number(drawings):
    """The strokes of a handwritten 407."""
    return compose_number([drawings[digit] for digit in (4, 0, 7)], np.random.default_rng(1))


def kept(site) -> list[Drawing]:
    with site.database.reading() as session:
        return list(session.scalars(select(Drawing)))


def middle_of_zero(page, number, drawings) -> tuple[float, float]:
    """Where the middle of the 0 of a 407 is on the page, drawn by `draw` in `SIZE`."""
    before = len(drawings[4])
    zero = np.vstack(number[before : before + len(drawings[0])])
    points = np.vstack(number)
    low, extent = points.min(axis=0), np.ptp(points, axis=0)
    box = page.locator("#pad").bounding_box()
    scale = SIZE * box["width"] / extent.max()
    middle = ((zero.min(axis=0) + zero.max(axis=0)) / 2 - low - extent / 2) * scale
    x, y = middle
    return x + box["x"] + box["width"] / 2, y + box["y"] + box["height"] / 2


def test_a_tap_on_a_digit_of_a_number_chooses_it_and_it_can_be_corrected(
    open_page, site, number, drawings
):
    page = open_page(**PHONE)
    draw(page, number, size=SIZE)
    answered(page, "407")
    framed(page, 3)
    expect(page.locator("#sentence")).to_contain_text("407")
    expect(page.locator("#seen-line")).to_contain_text("The least certain digit.")
    site.requests.clear()
    page.touchscreen.tap(*middle_of_zero(page, number, drawings))
    expect(page.locator("#seen-line")).to_contain_text("Digit 2 of 3.")
    expect(page.locator('#bars [data-digit="0"]')).to_have_class("best")
    answered(page, "407")
    assert "/api/v1/predict" not in site.requests  # nothing was drawn
    framed(page, 3)
    assert fits(page)
    page.get_by_role("button", name="It’s an 8").click()
    expect(page.locator("#thanks")).to_contain_text("Saved as 487. Thank you!")
    (drawing,) = kept(site)
    assert (drawing.truth, drawing.answer) == ("487", "407")
    assert len(drawing.strokes) == len(number)
    assert len(drawing.picture) > len(drawing.seen)


def test_a_number_is_confirmed_corrected_switched_and_drawn_on(open_page, site, number):
    page = open_page()
    draw(page, number, size=SIZE)
    answered(page, "407")
    framed(page, 3)
    page.locator("#answer button").nth(2).press("Enter")
    expect(page.locator('#bars [data-digit="7"]')).to_have_class("best")
    check_both_schemes(page, "a number")
    page.locator("#right").click()
    expect(page.locator("#thanks")).to_contain_text("Saved as 407.")
    expect(page.locator("#number")).to_be_hidden()
    page.locator("#take-back").click()
    expect(page.locator("#number")).to_have_value("407")
    page.locator("#number").fill("40 71")  # it was cut in the wrong place
    page.locator("#number").press("Enter")
    expect(page.locator("#thanks")).to_contain_text("Saved as 40; 71.")
    assert [each.truth for each in kept(site)] == ["40\n71"]
    page.get_by_role("button", name="Read it as one digit").click()
    answered(page, "")
    page.get_by_role("button", name="Read it as a number").click()
    answered(page, "407")
    framed(page, 3)
    box = page.locator("#pad").bounding_box()
    left, top, side = box["x"], box["y"], box["width"]
    page.mouse.move(left + 0.05 * side, top + side / 2)
    page.mouse.down()  # on a frame or beside it: what moves draws
    page.mouse.move(left + 0.95 * side, top + side / 2, steps=4)
    page.mouse.up()
    assert page.evaluate("JSON.parse(sessionStorage.sheet).now.length") == len(number) + 1
    page.locator("#clear").click()
    page.select_option("#mode", "auto")
    draw(page, CROSS, size=SIZE)
    expect(page.locator("#sentence")).to_contain_text("doesn’t look like a digit")
    page.locator("#right").click()
    expect(page.locator("#thanks")).to_contain_text("Saved as not a digit.")
