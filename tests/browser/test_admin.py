"""Reviewing drawings with the keyboard."""

import re
from datetime import timedelta
from itertools import product

import numpy as np
import pytest
from playwright.sync_api import expect
from sqlalchemy import insert, select

from tests.browser.conftest import answered, draw, fits, sign_in, wait_until
from tests.webapp.storage.test_migrations import ROW
from trainer.recognition.image import as_png
from webapp.storage import answer_counts, imports
from webapp.storage.answer_counts import Counted, Kind
from webapp.storage.tables import Drawing, now

PIXEL = as_png(np.zeros((28, 28), np.uint8))


def kept(site) -> dict[str, tuple[str, str]]:
    """State and label of each stored drawing, by the visitor's label."""
    with site.database.reading() as session:
        return {
            each.visitor_label: (each.state, each.label)
            for each in session.scalars(select(Drawing))
        }


@pytest.fixture
def admin(open_page, drawings, screen):
    """Signed in, with three drawings to review: a 7, a 4 that was labeled 9, and a 2."""
    page = open_page(**screen)
    for digit, key in ((7, "r"), (4, "9"), (2, "r")):
        draw(page, drawings[digit])
        answered(page, digit)
        page.keyboard.press(key)
        expect(page.locator("#thanks")).to_contain_text("Saved as")
        page.locator("#clear").click()
    page.goto(page.url + "admin/")
    sign_in(page)
    page.get_by_role("link", name="Review new drawings").click()
    return page


def test_the_queue_is_cleared_by_keys(admin, site):
    count = admin.locator("#count")
    expect(count).to_have_text("3 left")
    expect(admin.locator("#visitor-label")).to_have_text("9")  # disagreement comes first
    expect(admin.locator("#said")).to_have_text("4")
    admin.keyboard.press("4")
    expect(count).to_have_text("2 left")
    admin.keyboard.press("a")
    admin.keyboard.press("z")
    expect(count).to_have_text("2 left")
    admin.keyboard.press("r")
    admin.keyboard.press("a")
    expect(count).to_have_text("No drawings left.")
    admin.wait_for_load_state("networkidle")
    found = kept(site)
    assert found["9"] == ("accepted", "4")
    assert sorted([found["7"][0], found["2"][0]]) == ["accepted", "rejected"]
    assert fits(admin)
    admin.get_by_label("Status").select_option("accepted")
    expect(count).to_have_text("2 left")
    admin.get_by_role("link", name="Admin").first.click()
    expect(admin.locator("table.figures").first).to_contain_text("4")
    expect(admin.locator("table.log")).to_contain_text("accepted")
    when = admin.locator("table.log time").first
    expect(when).to_have_text(re.compile(r"now|seconds? ago"))
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", when.get_attribute("title"))


@pytest.fixture
def queue(open_page, site):
    """The review page, with 30 drawings of the same 7; their ids count from 1."""
    rows = [
        ROW
        | {
            "id": f"{number:032x}",
            "state": "new",
            "digit": 7,
            "fingerprint": f"{number:064x}",
            "picture": PIXEL,
            "seen": PIXEL,
            "is_digit": number > 1,
            "confidence": 0.227 if number == 1 else 0.5 + number / 100,
            "held_back": number == 1,
            "strokes": [[[10, 10], [60, 20], [40, 90]]] if number == 1 else None,
        }
        for number in range(1, 31)
    ]
    with site.database.writing() as session:
        session.execute(insert(Drawing), rows)
    page = open_page("/admin/login")
    sign_in(page)
    page.goto(f"{site.url}/admin/review")
    expect(page.locator("#count")).to_have_text("30 left")
    return page


def wait_until_decided(site, page, numbers: set[int]) -> None:
    """Wait until these drawings of the queue are not new any more, or gone, and all others are."""
    for _ in range(300):
        with site.database.reading() as session:
            new = {
                int(each, 16)
                for each in session.scalars(select(Drawing.id).where(Drawing.state == "new"))
            }
        if new == {*range(1, 31)} - numbers:
            return
        page.wait_for_timeout(20)
    pytest.fail(f"{new} are new")


def test_what_is_shown_is_what_is_decided_on_however_late_answers_come(queue, site):
    waiting = []

    def hold_the_first(route) -> None:
        if waiting:
            route.continue_()
        waiting.append(route)

    queue.route("**/admin/api/drawings?*", hold_the_first)
    for _ in range(19):
        queue.keyboard.press("a")  # the last ones ask for more drawings
    expect(queue.locator("#count")).to_have_text("11 left")
    while not waiting:
        queue.wait_for_timeout(10)
    queue.keyboard.press("r")
    queue.keyboard.press("r")
    with queue.expect_response("**/admin/api/drawings?*"):
        waiting[0].continue_()
    expect(queue.locator("#count")).to_have_text("9 left")
    for _ in range(9):
        queue.keyboard.press("a")
    expect(queue.locator("#count")).to_have_text("No drawings left.")
    wait_until_decided(site, queue, {*range(1, 31)})


def test_several_drawings_are_decided_at_once_and_undone_at_once(queue, site):
    queue.keyboard.press("g")
    boxes = queue.locator("#grid input")
    expect(boxes).to_have_count(24)
    queue.keyboard.press("a")  # nothing is chosen yet
    for number in (1, 3, 4):
        boxes.nth(number).check()
    queue.keyboard.press("a")
    expect(queue.locator("#count")).to_have_text("27 left")
    wait_until_decided(site, queue, {2, 4, 5})
    queue.keyboard.press("z")
    expect(queue.locator("#count")).to_have_text("30 left")
    wait_until_decided(site, queue, set())


def test_a_deletion_is_asked_for_once(queue, site):
    queue.keyboard.press("d")
    expect(queue.locator("#deletion")).to_be_visible()
    queue.keyboard.press("Escape")
    expect(queue.locator("#count")).to_have_text("30 left")
    queue.keyboard.press("d")
    queue.keyboard.press("Enter")
    expect(queue.locator("#count")).to_have_text("29 left")
    wait_until_decided(site, queue, {1})
    with site.database.reading() as session:
        assert session.get(Drawing, f"{1:032x}") is None


def test_the_page_shows_what_the_model_meant_that_it_is_held_out_and_how_it_was_drawn(queue):
    expect(queue.locator(".said")).to_have_text(
        "not a digit according to the model, if it were a digit: 7, 22.7 %"
    )
    expect(queue.locator("#held-out")).to_be_visible()
    queue.keyboard.press("p")
    replayed = queue.locator("#replayed")
    expect(replayed).to_be_visible()
    inked = "(each) => each.getContext('2d').getImageData(0, 0, 384, 384).data.some(Boolean)"
    wait_until(queue, f"() => ({inked})(replayed)")
    queue.keyboard.press("a")
    expect(queue.locator("#held-out")).to_be_hidden()
    expect(replayed).to_be_hidden()
    expect(queue.locator("#replay")).to_be_disabled()
    queue.wait_for_load_state("networkidle")
    queue.get_by_role("link", name="Admin").first.click()
    thumbnail = queue.locator("table.log a", has=queue.locator("img"))
    expect(thumbnail).to_have_count(1)
    assert f"{1:032x}" not in queue.locator("table.log").inner_text()
    thumbnail.click()
    expect(queue.locator("#held-out")).to_be_visible()
    expect(queue.locator("#count")).to_have_text("1 left")


def test_all_drawings_are_deleted_once_it_is_confirmed(admin, site):
    expect(admin.locator("#count")).to_have_text("3 left")
    admin.get_by_role("link", name="Admin").first.click()
    admin.get_by_role("link", name="Delete all").click()
    admin.get_by_role("link", name="Cancel").click()
    assert len(kept(site)) == 3
    admin.get_by_role("link", name="Delete all").click()
    expect(admin.get_by_role("button", name="Delete all")).to_be_visible()
    assert fits(admin)
    admin.get_by_role("button", name="Delete all").click()
    expect(admin.locator("main")).to_contain_text("No drawings yet.")
    assert kept(site) == {}


def test_all_drawings_are_deleted_without_scripts(open_page, site):
    page = open_page("/admin/login", java_script_enabled=False)
    sign_in(page)
    with site.database.writing() as session:
        session.execute(insert(Drawing), [ROW])
    page.reload()
    page.get_by_role("link", name="Delete all").click()
    page.get_by_role("button", name="Delete all").click()
    expect(page.locator("main")).to_contain_text("No drawings yet.")
    assert kept(site) == {}


def test_the_page_follows_an_import_to_its_end(open_page, site):
    page = open_page("/admin/login")
    sign_in(page)
    staging = imports.add(site.database, "session", "drawings.zip")
    staging.begin()
    staging.stage([], share=0.25)
    page.reload()
    bar = page.get_by_role("progressbar")
    expect(bar).to_have_js_property("value", 0.25)
    staging.stage([], share=0.5)
    expect(bar).to_have_js_property("value", 0.5)
    staging.fail("bad_import", "line 17: it is not UTF-8")
    expect(page.locator("main")).to_contain_text("Nothing was imported: line 17: it is not UTF-8")
    assert fits(page)


def test_all_columns_of_drift_are_seen_and_shares_are_written_as_elsewhere(open_page, site):
    readings = (*map(str, range(10)), "not_a_digit", "number")
    with site.database.writing() as session:
        for days in range(12):
            day = now().date() - timedelta(days)
            kinds = product(readings, ("sure", "likely", "unsure"))
            counted = {Kind(day, "0a1b2c3d4e5f", *each): Counted(40_000, 30_000) for each in kinds}
            answer_counts.add(session, counted)
    page = open_page("/admin/login")
    sign_in(page)
    for language, pattern in (("en", r"\d+\.\d\d %"), ("zh-Hans", r"\d+\.\d\d%")):
        page.goto(f"{site.url}/admin/drift?language={language}")
        expect(page.locator(".drift").first).to_be_visible()
        widths = "all => all.map((each) => each.scrollWidth - each.clientWidth)"
        assert set(page.locator(".scroll").evaluate_all(widths)) == {0}
        page.goto(f"{site.url}/admin/versions?language={language}")
        shares = page.locator(".versions td").filter(has_text="%").all_inner_texts()
        assert shares
        assert all(re.fullmatch(pattern, each) for each in shares), shares
