"""Numbers find themselves: digits well apart are read as a number, and each can be corrected."""

import numpy as np
import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from tests.browser.conftest import answered, draw, fits
from tests.browser.test_access import check_both_schemes
from tests.browser.test_numbers import COLUMNS, framed
from trainer.data.rendering.numbers import compose_number, stack_rows
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


def test_digits_well_apart_are_a_number_and_each_of_them_can_be_corrected(
    open_page, site, screen, number, drawings
):
    page = open_page(**screen)
    draw(page, number, size=SIZE)
    answered(page, "407")
    expect(page.locator("#sentence")).to_contain_text("407")
    expect(page.locator("#seen-line")).to_contain_text("The least certain digit.")
    framed(page, 3)
    site.requests.clear()
    x, y = middle_of_zero(page, number, drawings)
    (page.touchscreen.tap if "has_touch" in screen else page.mouse.click)(x, y)
    expect(page.locator("#seen-line")).to_contain_text("Digit 2 of 3.")
    expect(page.locator('#bars [data-digit="0"]')).to_have_class("best")
    answered(page, "407")
    assert site.requests == []  # nothing was drawn
    framed(page, 3)
    assert fits(page)
    page.get_by_role("button", name="It’s an 8").click()
    expect(page.locator("#thanks")).to_contain_text("Saved as 487. Thank you!")
    (drawing,) = kept(site)
    assert (drawing.truth, drawing.answer) == ("487", "407")
    assert len(drawing.strokes) == len(number)
    assert len(drawing.picture) > len(drawing.seen)


def test_a_wrong_cut_can_be_said_and_the_answer_is_chosen_from_by_keyboard(open_page, site, number):
    page = open_page()
    draw(page, number, size=SIZE)
    answered(page, "407")
    framed(page, 3)
    page.locator("#answer button").nth(2).press("Enter")
    expect(page.locator('#bars [data-digit="7"]')).to_have_class("best")
    expect(page.locator("#number")).to_have_value("407")
    check_both_schemes(page, "a number")
    page.locator("#number").fill("40 71")
    page.locator("#number").press("Enter")
    expect(page.locator("#thanks")).to_contain_text("Saved as 40, 71.")
    assert [each.truth for each in kept(site)] == ["40\n71"]


def test_right_is_what_the_sentence_says(open_page, site, number):
    page = open_page()
    for lines, said, thanks in (
        (number, "407", "Saved as 407."),
        (CROSS, "doesn’t look like a digit", "Saved as not a digit."),
    ):
        draw(page, lines, size=SIZE)
        expect(page.locator("#sentence")).to_contain_text(said)
        page.locator("#right").click()
        expect(page.locator("#thanks")).to_contain_text(thanks)
        page.locator("#clear").click()
    assert {each.truth for each in kept(site)} == {"407", "not_a_digit"}


def test_a_switch_leads_to_one_digit_and_back(open_page, number):
    page = open_page()
    draw(page, number, size=SIZE)
    answered(page, "407")
    page.get_by_role("button", name="Read it as one digit").click()
    answered(page, "")
    expect(page.locator("#mode")).to_have_value("digit")
    page.get_by_role("button", name="Read it as a number").click()
    answered(page, "407")
    expect(page.locator("#read-number, #read-digit").filter(visible=True)).to_have_count(0)


def test_rows_are_read_from_top_to_bottom_and_a_stroke_through_a_digit_is_one(open_page, drawings):
    rng = np.random.default_rng(1)
    rows = [compose_number([drawings[d] for d in row], rng) for row in ((1, 2), (3, 4))]
    page = open_page()
    draw(page, stack_rows(rows, rng), size=SIZE)
    expect(page.locator("#answer")).to_have_text("12\n34", use_inner_text=False)
    page.wait_for_function(f"() => ({COLUMNS})() > 0")
    box = page.locator("#pad").bounding_box()
    left, top, side = box["x"], box["y"], box["width"]
    page.mouse.move(left + 0.05 * side, top + side / 2)
    page.mouse.down()  # on a frame or between two: it moves, so it draws
    page.mouse.move(left + 0.95 * side, top + side / 2, steps=8)
    page.mouse.up()
    expect(page.locator("#answer")).not_to_have_text("12\n34")
