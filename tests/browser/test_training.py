"""Chapter 4 of the learn page: a recorded training, and the curves of a mistake beside it."""

from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, fits, wait_until
from tests.learn.curves import read_mistakes

PART = "[data-part=training]"
SHOWN = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
"""Until the page shows what it holds."""
AT = "Number(document.querySelector('[name=step]').value)"


def see(page: Page) -> None:
    page.locator(PART).scroll_into_view_if_needed()
    expect(page.locator(f"{PART}[data-is-alive]")).to_be_visible()


def shown_curves(page: Page) -> set[str]:
    groups = page.locator(f"{PART} .plot [data-recipe]:visible")
    return {group.get_attribute("data-recipe") for group in groups.all()}


def test_a_mistake_is_shown_beside_the_right_recipe_at_each_step(open_page):
    curves = {each.name: each.curve for each in read_mistakes().outcomes}
    page = open_page("/learn")
    see(page)
    assert shown_curves(page) == {"none", "mse-after-softmax"}
    page.get_by_label("no zero_grad()").check()
    assert shown_curves(page) == {"none", "no-zero-grad"}
    expect(page.locator(f"{PART} [data-about]:visible")).to_have_count(1)
    slider = page.get_by_label("Step of the training")
    slider.focus()
    page.keyboard.press("Home")
    expect(slider).to_have_attribute("aria-valuetext", "After step 0 (epoch 0.0)")
    page.keyboard.press("ArrowRight")
    expect(slider).to_have_attribute("aria-valuetext", "After step 25 (epoch 0.2)")
    for row, name in (("none", "none"), ("mistake", "no-zero-grad")):
        cell = page.locator(f"{PART} [data-row={row}] td").last
        expect(cell).to_have_text(f"{100 * curves[name].validation_accuracy[1]:.1f} %")
    assert page.locator(f"{PART} .veil").first.get_attribute("x") == "25"
    expect(page.locator(f"{PART} .scripted .layer img")).to_have_class("frame-1")
    page.get_by_label("nothing else").check()
    expect(page.locator(f"{PART} [data-row=mistake]")).to_be_hidden()
    assert shown_curves(page) == {"none"}


def test_the_training_plays_pauses_and_is_in_the_link(open_page):
    page = open_page("/learn", reduced_motion="no-preference")
    see(page)
    page.get_by_label("eval() forgotten").check()
    slider = page.get_by_label("Step of the training")
    page.locator(PART).get_by_role("button", name="Play").click()
    wait_until(page, f"() => {{ const at = {AT}; return 2 < at && at < 70; }}")
    page.locator(PART).get_by_role("button", name="Pause").click()
    page.evaluate(SHOWN)
    stopped = slider.input_value()
    wait_until(page, "() => /training-step=\\d/.test(location.hash)")
    assert slider.input_value() == stopped
    other = open_page("/learn#chapter=4&" + page.url.split("#")[1], **PHONE)
    see(other)
    expect(other.get_by_label("eval() forgotten")).to_be_checked()
    expect(other.get_by_label("Step of the training")).to_have_value(stopped)
    assert fits(other)


def test_who_wants_no_motion_goes_on_epoch_by_epoch(open_page):
    page = open_page("/learn#chapter=4&training-step=1750")
    see(page)
    slider = page.get_by_label("Step of the training")
    for epoch in (15, 0, 1):
        page.locator(PART).get_by_role("button", name="Next epoch").click()
        expect(slider).to_have_attribute(
            "aria-valuetext", f"After step {125 * epoch} (epoch {epoch}.0)"
        )
