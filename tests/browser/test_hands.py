"""Pens, fingers and palms at the drawing surface."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP, PHONE, Pointers, answered, ink, wait_until

TABLET = DESKTOP | {"has_touch": True}
LEFT, RIGHT = (0, 0, 0.4, 1), (0.6, 0, 1, 1)


@pytest.fixture
def page(open_page) -> Page:
    page: Page = open_page(**TABLET)
    return page


def test_a_palm_that_lands_before_the_pen_leaves_nothing(page):
    pointers = Pointers(page)
    pointers.touch("touchStart", (0.8, 0.8))
    pointers.touch("touchMove", (0.8, 0.9))
    pointers.pen_line(0.3)
    pointers.touch("touchMove", (0.7, 0.6))
    pointers.touch("touchEnd")
    answered(page, 1)
    assert ink(page, LEFT) > 0.01
    assert ink(page, RIGHT) == 0
    page.locator("#undo").click()  # the pen's line was the only stroke
    expect(page.locator("#undo")).to_be_disabled()


def test_a_palm_that_rests_in_a_pause_of_the_pen_leaves_nothing(page):
    pointers = Pointers(page)
    pointers.touch("touchStart", (0.8, 0.8))  # lifted again just before the pen
    pointers.touch("touchEnd")
    pointers.pen_line(0.3)
    answered(page, 1)  # which takes a while
    pointers.finger_line(0.8)
    assert ink(page, RIGHT) == 0
    page.locator("#undo").click()
    expect(page.locator("#undo")).to_be_disabled()


def test_after_a_pen_fingers_do_not_draw_until_a_button_is_pressed(page):
    pointers = Pointers(page)
    fingers = page.get_by_role("button", name="Use fingers")
    expect(fingers).to_be_hidden()
    pointers.pen_line(0.3)
    expect(fingers).to_be_visible()
    page.reload()
    expect(fingers).to_be_visible()
    pointers.finger_line(0.8)
    assert ink(page, RIGHT) == 0
    fingers.click()
    expect(fingers).to_be_hidden()
    pointers.finger_line(0.8)
    assert ink(page, RIGHT) > 0.01


def test_two_fingers_draw_nothing_and_one_does_again_afterwards(page):
    pointers = Pointers(page)
    pointers.finger_line(0.5)
    before = ink(page)
    pointers.touch("touchStart", (0.2, 0.2))
    pointers.touch("touchMove", (0.2, 0.25))
    pointers.touch("touchStart", (0.2, 0.25), (0.8, 0.8))
    pointers.touch("touchMove", (0.3, 0.35), (0.7, 0.7))
    pointers.touch("touchEnd", (0.3, 0.35))
    pointers.touch("touchMove", (0.3, 0.8))  # the last finger to leave
    pointers.touch("touchEnd")
    assert ink(page) == before
    pointers.finger_line(0.8)
    assert ink(page, RIGHT) > 0.01


def test_the_other_end_of_a_pen_erases_whole_strokes_in_one_step(page):
    page.locator("#mode").select_option("digit")  # a number's frames would count as ink
    pointers = Pointers(page)
    for x in (0.3, 0.5, 0.8):
        pointers.pen_line(x)
    before = ink(page)
    page.evaluate(
        """() => {
        const { left, top, width } = pad.getBoundingClientRect();
        const fire = (type, x, buttons) => pad.dispatchEvent(new PointerEvent(type, {
          clientX: left + x * width, clientY: top + width / 2, pointerId: 7, pointerType: "pen",
          button: type === "pointermove" ? -1 : 5, buttons, bubbles: true, cancelable: true,
        }));
        fire("pointerdown", 0.1, 32);
        fire("pointermove", 0.6, 32);
        fire("pointerup", 0.6, 0);
        }"""
    )
    assert ink(page, LEFT) == 0
    assert 0 < ink(page) == ink(page, RIGHT)
    page.locator("#undo").click()
    assert ink(page) == before


def test_a_finger_that_the_system_takes_leaves_nothing_and_a_pen_keeps_its_stroke(page):
    pointers = Pointers(page)
    pointers.touch("touchStart", (0.8, 0.2))
    pointers.touch("touchMove", (0.8, 0.8))
    pointers.touch("touchCancel")
    assert ink(page) == 0
    page.locator("#redo").click()  # but can be had
    assert ink(page, RIGHT) > 0.01
    page.locator("#undo").click()
    pointers.pen("mousePressed", 0.3, 0.2)
    pointers.pen("mouseMoved", 0.3, 0.8)
    page.evaluate(
        "for (let pointerId = 0; pointerId < 99; pointerId += 1)"
        " pad.dispatchEvent(new PointerEvent('pointercancel', { pointerId, pointerType: 'pen' }))"
    )
    pointers.pen("mouseMoved", 0.8, 0.8)
    pointers.pen("mouseReleased", 0.8, 0.8)
    assert ink(page, LEFT) > 0.01
    assert ink(page, RIGHT) == 0


def test_a_moving_finger_or_pencil_is_for_drawing_alone(page):
    page.evaluate(
        "addEventListener('touchmove', (event) => (window.taken = event.defaultPrevented))"
    )
    Pointers(page).finger_line(0.5)
    assert page.evaluate("taken")


def test_the_page_can_be_scrolled_at_four_hundred_percent(open_page):
    page = open_page(**TABLET | {"viewport": {"width": 320, "height": 180}})
    page.locator("#pad").scroll_into_view_if_needed()
    pad = page.locator("#pad").bounding_box()
    assert pad["width"] >= 128
    assert pad["x"] >= 44  # room for a finger beside it
    pointers = Pointers(page)
    before = page.evaluate("scrollY")
    pointers.touch("touchStart", (0.3, 0.9))
    pointers.touch("touchStart", (0.3, 0.9), (0.7, 0.9))
    for y in (0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2):
        pointers.touch("touchMove", (0.3, y), (0.7, y))
    pointers.touch("touchEnd")
    wait_until(page, "before => scrollY > before", before)
    assert ink(page) == 0


def test_turning_a_phone_ends_the_stroke_and_keeps_it(open_page):
    page = open_page(**PHONE)
    pointers = Pointers(page)
    pointers.touch("touchStart", (0.3, 0.2))
    for y in (0.4, 0.6, 0.8):
        pointers.touch("touchMove", (0.3, y))
    page.set_viewport_size({"width": 844, "height": 390})
    assert ink(page, LEFT) > 0.01
    pointers.touch("touchMove", (0.9, 0.1))
    pointers.touch("touchEnd")
    assert ink(page, RIGHT) == 0
    answered(page, 1)


def test_the_sheet_stays_sharp_when_the_pixel_ratio_changes(open_page):
    page = open_page()
    Pointers(page).pen_line(0.5)
    session = page.context.new_cdp_session(page)
    for ratio in (2, 3):  # as on another screen, which is wider by some pixels
        size = {"width": 1280 + ratio, "height": 720, "mobile": False}
        metrics = size | {"deviceScaleFactor": ratio}
        session.send("Emulation.setDeviceMetricsOverride", metrics)
        sharp = "(ratio) => Math.abs(pad.width / pad.clientWidth - ratio) < 0.02"
        wait_until(page, sharp, ratio)
        assert ink(page) > 0.01
