"""Visitors give feedback on answers, and their drawings are stored."""

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from tests.browser.conftest import answered, draw
from webapp.storage.tables import Drawing


def kept(site) -> list[Drawing]:
    with site.database.reading() as session:
        return list(session.scalars(select(Drawing)))


def test_one_touch_corrects_an_answer_and_another_deletes_the_drawing(
    open_page, site, screen, drawings
):
    page = open_page(**screen)
    expect(page.locator("#truths")).not_to_be_visible()
    draw(page, drawings[7])
    answered(page, 7)
    page.get_by_role("button", name="It’s a 1").click()
    expect(page.locator("#thanks")).to_contain_text("Saved as a 1. Thank you!")
    (drawing,) = kept(site)
    assert (drawing.visitor_label, drawing.digit) == ("1", 7)
    assert len(drawing.strokes) == len(drawings[7])
    assert all(len(point) == 3 for stroke in drawing.strokes for point in stroke)
    page.get_by_role("button", name="Delete it").click()
    expect(page.locator("#truths")).to_be_visible()
    assert kept(site) == []
    page.locator("#clear").click()
    expect(page.locator("#truths")).not_to_be_visible()


@pytest.mark.parametrize(
    ("key", "told", "said"),
    [("r", "7", "a 7"), ("3", "3", "a 3"), ("x", "not_a_digit", "not a digit")],
)
def test_one_key_gives_feedback(open_page, site, drawings, key, told, said):
    page = open_page()
    page.keyboard.press(key)  # nothing is drawn: nothing happens
    draw(page, drawings[7])
    answered(page, 7)
    page.keyboard.press(key)
    expect(page.locator("#thanks")).to_contain_text(f"Saved as {said}.")
    page.keyboard.press("4")  # feedback counts once
    (drawing,) = kept(site)
    assert drawing.visitor_label == told


def test_an_uploaded_picture_can_be_corrected(open_page, site, tmp_path, seven, encode):
    (tmp_path / "seven.png").write_bytes(encode(seven))
    page = open_page()
    page.set_input_files("#upload", tmp_path / "seven.png")
    answered(page, 7)
    page.get_by_role("button", name="Right").click()
    expect(page.locator("#thanks")).to_contain_text("Saved as a 7.")
    (drawing,) = kept(site)
    assert drawing.strokes is None
    assert len(drawing.picture) > len(drawing.seen)


def test_each_new_drawing_asks_for_feedback_again(open_page, site, drawings):
    page = open_page()
    for digit in (7, 4):
        draw(page, drawings[digit])
        answered(page, digit)
        page.keyboard.press("r")
        expect(page.locator("#thanks")).to_contain_text(f"Saved as a {digit}.")
        page.locator("#clear").click()
    assert {drawing.visitor_label for drawing in kept(site)} == {"7", "4"}
    assert len({drawing.visitor for drawing in kept(site)}) == 1


def test_a_drawing_on_the_comparison_page_can_be_labeled(open_page, site, screen, drawings):
    page = open_page("/compare", **screen)
    draw(page, drawings[7])
    expect(page.locator('[data-model="inkling"] .digit')).to_have_text("7")
    expect(page.get_by_role("button", name="Right")).to_have_count(0)
    page.keyboard.press("r")  # there is no single answer to confirm
    page.get_by_role("button", name="It’s a 1").click()
    expect(page.locator("#thanks")).to_contain_text("Saved as a 1. Thank you!")
    (drawing,) = kept(site)
    assert (drawing.visitor_label, drawing.digit, drawing.model) == ("1", 7, "inkling")
    assert len(drawing.strokes) == len(drawings[7])
    page.locator("#clear").click()
    expect(page.locator("#correct")).not_to_be_visible()


def test_an_answer_on_the_inside_page_can_be_corrected(open_page, site, screen, drawings):
    page = open_page("/models/cnn/inside", **screen)
    draw(page, drawings[7])
    expect(page.locator("#sentence")).to_contain_text("7")
    page.keyboard.press("r")
    expect(page.locator("#thanks")).to_contain_text("Saved as a 7. Thank you!")
    (drawing,) = kept(site)
    assert (drawing.visitor_label, drawing.model) == ("7", "cnn")


@pytest.mark.parametrize("path", ["/", "/compare", "/models/inkling/inside"])
def test_without_scripts_it_is_a_form(open_page, site, tmp_path, seven, encode, path):
    (tmp_path / "seven.png").write_bytes(encode(seven))
    page = open_page(path, java_script_enabled=False)
    page.set_input_files("#upload", tmp_path / "seven.png")
    page.get_by_role("button", name="Read it").click()
    if path == "/":
        answered(page, 7)
    page.get_by_role("button", name="It’s a 1").click()
    expect(page.locator("#sentence")).to_have_text("Saved as a 1. Thank you!")
    (drawing,) = kept(site)
    assert (drawing.visitor_label, drawing.digit) == ("1", 7)


def test_a_failed_correction_is_explained_and_can_be_retried(open_page, site, drawings):
    page = open_page(expect_errors=True)
    draw(page, drawings[7])
    answered(page, 7)
    page.wait_for_timeout(1000)  # the last answer to the stroke has arrived
    site.stop()
    page.keyboard.press("r")
    expect(page.locator("#thanks")).to_contain_text("could not be saved")
    site.start()
    page.get_by_role("button", name="Right").click()
    expect(page.locator("#thanks")).to_contain_text("Saved as a 7.")
    assert len(kept(site)) == 1
    site.stop()
    page.get_by_role("button", name="Delete it").click()
    expect(page.locator("#thanks")).to_contain_text("could not be deleted just now")
    expect(page.locator("#thanks")).not_to_contain_text("Saved as")
    site.start()
    page.get_by_role("button", name="Delete it").click()
    expect(page.locator("#truths")).to_be_visible()
    expect(page.locator("#thanks")).to_be_hidden()
    assert kept(site) == []


def test_feedback_is_dropped_if_the_sheet_changes_before_its_answer_comes(
    open_page, site, drawings
):
    page = open_page()
    draw(page, drawings[7])
    answered(page, 7)
    held = []
    page.route("**/api/v1/predict", lambda route: held.append(route))  # noqa: PLW0108
    draw(page, drawings[1], size=0.2, at=(0.1, 0.9))
    page.keyboard.press("r")  # of the 7 and a bar, which is not answered yet
    expect(page.locator("#correct[aria-busy]")).to_be_visible()
    page.unroute("**/api/v1/predict")
    page.locator("#clear").click()
    draw(page, drawings[4])
    answered(page, 4)
    expect(page.locator("#correct[aria-busy]")).to_have_count(0)
    page.keyboard.press("r")
    expect(page.locator("#thanks")).to_contain_text("Saved as a 4.")
    assert [drawing.visitor_label for drawing in kept(site)] == ["4"]


def test_a_drawing_that_is_gone_need_not_be_deleted(open_page, site, drawings):
    page = open_page(expect_errors=True)
    draw(page, drawings[7])
    answered(page, 7)
    page.keyboard.press("r")
    expect(page.locator("#thanks")).to_contain_text("Saved as a 7.")
    page.context.clear_cookies()
    page.get_by_role("button", name="Delete it").click()
    expect(page.locator("#thanks")).to_contain_text("no longer saved in your name")
    expect(page.locator("#truths")).to_be_visible()


def test_only_the_answer_on_the_page_can_be_corrected(open_page, site, tmp_path, drawings):
    page = open_page(expect_errors=True)
    draw(page, drawings[7])
    answered(page, 7)
    page.wait_for_timeout(1000)  # the last answer to the stroke has arrived
    site.stop()
    draw(page, drawings[1], size=0.1)
    expect(page.locator("#sentence")).to_contain_text("can’t be reached")
    answered(page, 7)
    expect(page.locator("#correct[inert]")).to_have_count(0)
    site.start()
    (tmp_path / "words.png").write_bytes(b"hello")
    page.locator("#upload").set_input_files(tmp_path / "words.png")
    expect(page.locator("#sentence")).to_contain_text("not a picture")
    answered(page, "")
    expect(page.locator("#correct[inert]")).to_have_count(1)
