"""Ink is never lost: each change can be undone, and a slow network or a dead tab loses nothing."""

import base64

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE, Pointers, answered, ink, wait_until
from tests.browser.test_uploading import MAKE_FILES, choose


def test_clearing_is_undone_and_redone(open_page):
    page = open_page()
    Pointers(page).pen_line(0.5)
    before = ink(page)
    for key in ("Escape", "Delete"):
        page.keyboard.press(key)
        assert ink(page) == 0
        page.keyboard.press("Control+Z")
        assert ink(page) == before
    answered(page, 1)
    page.locator("#clear").click()
    page.locator("#undo").click()
    page.locator("#redo").click()
    assert ink(page) == 0


def test_pictures_and_what_they_replace_are_undone_and_redone(open_page, seven, encode):
    page = open_page(expect_errors=True, **PHONE)
    pointers = Pointers(page)
    pointers.finger_line(0.5)
    answered(page, 1)
    choose(page, encode(seven))
    answered(page, 7)
    pointers.finger_line(0.4)  # starts over
    answered(page, 1)
    choose(page, b"%PDF-1.7", "7.pdf", "application/pdf")
    answered(page, "")
    for digit in (1, 7, 1):
        page.locator("#undo").click()
        answered(page, digit)
    page.locator("#redo").click()
    answered(page, 7)
    page.locator("#clear").click()
    answered(page, "")
    page.locator("#undo").click()
    answered(page, 7)


def test_undoing_a_stroke_that_is_being_drawn_ends_it(open_page):
    page = open_page()
    pointers = Pointers(page)
    pointers.pen("mousePressed", 0.3, 0.2)
    pointers.pen("mouseMoved", 0.3, 0.8)
    page.keyboard.press("Control+Z")
    pointers.pen("mouseMoved", 0.8, 0.8)
    pointers.pen("mouseReleased", 0.8, 0.8)
    assert ink(page) == 0
    page.keyboard.press("Control+Y")
    assert ink(page, (0, 0, 0.4, 1)) > 0.01
    assert ink(page, (0.6, 0, 1, 1)) == 0


def test_a_killed_tab_loses_no_ink_and_no_history(open_page):
    page = open_page("/about")
    page.add_init_script("addEventListener('pagehide', (e) => e.stopImmediatePropagation())")
    page.get_by_role("link", name="Draw").first.click()
    pointers = Pointers(page)
    for x in (0.3, 0.5):
        pointers.pen_line(x)
    page.keyboard.press("Escape")
    pointers.pen("mousePressed", 0.8, 0.2)
    for y in (0.4, 0.6, 0.8):
        pointers.pen("mouseMoved", 0.8, y)
    wait_until(page, "() => JSON.parse(sessionStorage.sheet).now.length === 1")
    page.reload()
    assert ink(page, (0.6, 0, 1, 1)) > 0.01
    for _ in range(2):
        page.keyboard.press("Control+Z")
    assert ink(page, (0, 0, 0.4, 1)) > 0.01
    assert ink(page, (0.6, 0, 1, 1)) == 0


@pytest.mark.parametrize("stored", ["{", '{"now":[0],"past":[],"future":[],"strokes":[]}'])
def test_what_is_no_sheet_is_not_restored(open_page, stored):
    page = open_page("/about")
    page.evaluate("stored => sessionStorage.setItem('sheet', stored)", stored)
    page.get_by_role("link", name="Draw").first.click()
    Pointers(page).pen_line(0.5)
    answered(page, 1)


@pytest.fixture
def slow(open_page):
    """The draw page with its scripts still on their way, and a function that lets them come."""
    page = open_page("/about", expect_errors=True)
    held: list = []
    page.route("**/draw.js", lambda route: held.append(route))  # noqa: PLW0108
    page.goto(page.url.replace("/about", "/"), wait_until="commit")
    page.locator("#pad").wait_for()
    wait_until(page, "() => performance.getEntriesByName('first-paint').length")

    def let_come(fail: bool = False) -> None:
        (route,) = held
        route.abort() if fail else route.continue_()

    return page, let_come


def test_what_is_drawn_before_the_scripts_have_come_shows_and_is_read(slow):
    page, let_come = slow
    pointers = Pointers(page)
    pointers.pen_line(0.3)
    assert ink(page) > 0.01
    pointers.pen("mousePressed", 0.5, 0.2)
    pointers.pen("mouseMoved", 0.5, 0.5)
    let_come()
    wait_until(page, "() => !document.getElementById('undo').disabled")
    pointers.pen("mouseMoved", 0.5, 0.8)
    pointers.pen("mouseReleased", 0.5, 0.8)
    page.locator("#undo").click()
    answered(page, 1)
    page.locator("#undo").click()
    expect(page.locator("#undo")).to_be_disabled()
    expect(page.locator("#fingers")).to_be_visible()


def test_scripts_that_fail_to_come_are_asked_for_again(slow):
    page, let_come = slow
    Pointers(page).pen_line(0.3)
    let_come(fail=True)
    answered(page, 1)


def test_a_picture_that_is_dropped_before_the_scripts_have_come_is_read(slow, seven, encode):
    page, let_come = slow
    content = [base64.b64encode(encode(seven)).decode(), "image/png"]
    files = page.evaluate_handle(MAKE_FILES, content)
    page.dispatch_event("#pad", "drop", {"dataTransfer": files})
    let_come()
    answered(page, 7)


def test_a_picture_that_is_chosen_before_the_scripts_have_come_is_read(slow, seven, encode):
    page, let_come = slow
    choose(page, encode(seven))
    let_come()
    answered(page, 7)
