"""Reviewing drawings with the keyboard."""

import re

import pytest
from playwright.sync_api import expect
from sqlalchemy import insert, select

from tests.browser.conftest import answered, draw, fits, sign_in
from tests.webapp.storage.test_migrations import ROW
from webapp.storage import imports
from webapp.storage.tables import Drawing


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


def test_all_drawings_are_deleted_once_it_is_confirmed(admin, site):
    expect(admin.locator("#count")).to_have_text("3 left")
    admin.get_by_role("link", name="Admin").first.click()
    admin.get_by_role("link", name="Delete all").click()
    admin.get_by_role("link", name="Cancel").click()
    assert len(kept(site)) == 3
    admin.get_by_role("link", name="Delete all").click()
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
