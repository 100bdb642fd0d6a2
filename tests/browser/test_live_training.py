"""Chapter 4, live: a class trains, watches it over the recorded curves, and finds it again."""

import base64

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.conftest import PHONE, Site, fits, wait_until
from trainer.report.first_layer import as_webp
from webapp.authenticator import Authenticator
from webapp.retraining import lessons
from webapp.retraining.lesson_progress import Frame, LessonPoint, LessonProgress, Outcome, stored
from webapp.secret import secret_key
from webapp.settings import Settings
from webapp.storage.tables import RunStatus

TOKEN = "blue-whale-2026"


@pytest.fixture
def site(tmp_path):
    site = Site(str(tmp_path), class_tokens=TOKEN)
    yield site
    site.stop()


@pytest.fixture(scope="module")
def picture():
    return base64.b64encode(as_webp(np.zeros((1, 32, 784), np.float32))).decode()


def check_both_schemes(page):
    """Run axe on the part with its new lines; then, in dark, the rule that depends on colors."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        rules = {"runOnly": ["color-contrast"]} if scheme == "dark" else {}
        found = Axe().run(page, "[data-part=training]", rules)
        assert found.violations_count == 0, found.generate_report()


def live(page):
    page.locator("[data-part=training]").scroll_into_view_if_needed()
    expect(page.locator("[data-part=training][data-is-alive]")).to_be_visible()
    return page.get_by_label("Training now")


def test_a_class_joins_trains_watches_and_finds_it_again(site, open_page, picture):
    page = open_page("/learn", expect_errors=True)
    part = live(page)
    page.get_by_role("button", name="Train one now").click()
    part.get_by_label("Token of your class").fill("not the token")
    page.keyboard.press("Enter")
    expect(part.get_by_text("No class has this token.")).to_be_visible()
    part.get_by_label("Token of your class").fill(TOKEN)
    page.keyboard.press("Enter")
    train = part.get_by_role("button", name="Train it now")
    expect(train).to_be_focused()
    page.get_by_label("eval() forgotten").check()
    train.focus()
    page.keyboard.press("Enter")
    state = part.locator("[data-live=state]")
    expect(state).to_have_text("Waiting for a worker…")
    expect(part.get_by_role("button", name="Cancel")).to_be_focused()

    claim = lessons.claim_next(site.database)
    assert claim.lesson.mistake == "no-eval"
    progress = LessonProgress(steps=1875, steps_per_epoch=125)
    progress.points = [
        LessonPoint(0, None, None, 2.3, 0.1), LessonPoint(25, 1.2, 0.5, None, 0.75)
    ]  # fmt: skip
    progress.frames = [Frame(0, picture)]
    claim.heartbeat(progress=stored(progress))
    expect(state).to_have_text("Training…")
    expect(part.locator("[data-live=figures]")).to_have_text(
        "Step 25 of 1875 (epoch 0.2): training loss 1.20, training accuracy 50.0 %, "
        "validation 75.0 %."
    )
    accuracy, loss = page.locator(".plot .now .validation").all()
    expect(accuracy).to_have_attribute("d", "M0 900L25 250")
    expect(loss).to_have_attribute("d", "M0 42")  # a gap where it was no finite number
    wait_until(page, "() => document.querySelector('[data-live=picture]').naturalWidth === 224")
    dashes = page.locator(".plot [data-recipe=no-eval] .validation").first
    assert dashes.evaluate("(line) => getComputedStyle(line).strokeDasharray") != "none"

    # Closed and opened again elsewhere, with the same cookie.
    kept = page.context.storage_state()
    wait_until(page, "() => location.hash.includes('training-live')")
    other = open_page(page.url.removeprefix(site.url), storage_state=kept, **PHONE)
    again = live(other)
    expect(again.locator("[data-live=state]")).to_have_text("Training…")
    expect(again.locator("[data-live=name]")).to_have_text("Now: eval() forgotten")
    assert fits(other)
    check_both_schemes(page)
    progress.outcome = Outcome(claimed=0.893, test=0.923)
    claim.release(RunStatus.DONE, live=None, progress=stored(progress))
    for each in (part, again):
        expect(each.locator("[data-live=state]")).to_have_text("Done.")
        expect(each.locator("[data-live=outcome]")).to_have_text(
            "It claims 89.3 %; on the test set it has 92.3 %."
        )
    expect(train).to_be_focused()
    expect(part.locator("[data-live=command]")).to_contain_text("trainer watch mistakes/no-eval")


def test_who_has_the_page_open_sees_what_somebody_else_begins(site, open_page, tmp_path):
    page = open_page("/learn")
    part = live(page)
    page.get_by_role("button", name="Train one now").click()
    part.get_by_label("Token of your class").fill(TOKEN)
    page.keyboard.press("Enter")
    expect(part.get_by_role("button", name="Train it now")).to_be_focused()
    secret = secret_key("", tmp_path, site.database)
    key = Authenticator(Settings(class_tokens=TOKEN), secret).class_of(TOKEN)
    with site.database.writing() as session:
        lessons.enqueue(session, key, "somebody else", "no-eval")
    expect(part.locator("[data-live=state]")).to_have_text("Waiting for a worker…")
    expect(part.get_by_role("button", name="Train it now")).to_be_disabled()
    expect(part.get_by_role("button", name="Cancel")).to_be_hidden()
    expect(part.locator("[data-live=lesson]")).to_be_hidden()  # before its first point
    expect(part.locator("[data-live=state]")).to_be_focused()  # the button was, and is disabled
    lessons.claim_next(site.database).release(RunStatus.DONE, live=None)
    expect(part.get_by_role("button", name="Train it now")).to_be_focused()


def test_a_training_is_cancelled_and_what_a_worker_lacks_is_said(site, open_page):
    page = open_page("/learn", reduced_motion="no-preference")
    part = live(page)
    page.get_by_role("button", name="Train one now").click()
    part.get_by_label("Token of your class").fill(TOKEN)
    part.get_by_role("button", name="Join").click()
    train, state = (
        part.get_by_role("button", name="Train it now"),
        part.locator("[data-live=state]"),
    )
    train.click()
    part.get_by_role("button", name="Cancel").click()
    expect(state).to_have_text("Cancelled.")
    train.click()
    expect(state).to_have_text("Waiting for a worker…")
    claim = lessons.claim_next(site.database)
    claim.release(RunStatus.FAILED, live=None, code="no_data")
    expect(state).to_contain_text("has no MNIST")
    expect(page.locator("[data-part=training]").get_by_role("button", name="Play")).to_be_visible()
