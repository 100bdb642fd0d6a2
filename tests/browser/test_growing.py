"""The path of the learn page, on which each picture grows out of the one before it."""

from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, fits, wait_until

FREEZE = """(time) => {
  window.flights ??= document.getAnimations();
  for (const flight of flights) {
    flight.pause();
    flight.currentTime = time;
  }
}"""
MIDDLE = """(element) => {
  const { left, top, width, height } = element.getBoundingClientRect();
  return [left + width / 2, top + height / 2, width];
}"""
BEGINS = "(element) => element.getAnimations()[0].effect.getTiming().delay"
PATH = ["#path-ink", "#path-pixels", "#path-maps", "#path-bars"]
FLIGHT = 800
OPACITY = "(element) => Number(getComputedStyle(element).opacity)"


def close(one: list[float], other: list[float], reach: float) -> bool:
    return all(abs(a - b) <= reach for a, b in zip(one, other, strict=True))


def rest(page: Page, name: str) -> list[float]:
    middle: list[float] = page.locator(name).evaluate(MIDDLE)
    return middle


def test_each_picture_grows_out_of_the_one_before_and_what_is_drawn_ends_that(open_page):
    page = open_page("/learn", reduced_motion="no-preference")
    flying = "() => document.querySelector('#path-ink').getAnimations().length > 0"
    wait_until(page, flying)  # it begins by itself, in the order of the path
    begins = [page.locator(name).evaluate(BEGINS) for name in PATH]
    assert begins == sorted(begins)
    expect(page.locator("#path .tile")).to_have_count(6)
    expect(page.locator("#path .tile")).to_have_count(0)  # they are maps now
    wait_until(page, "() => document.getAnimations().length === 0")
    names = ["#path-paper", "#path-ink", "#path-pixels", "#path-maps", "#path-bars"]
    paper, ink, pixels, maps, _ = (rest(page, name) for name in names)
    page.locator("[data-do=grow]").click()
    page.evaluate(FREEZE, FLIGHT / 4)
    at = rest(page, "#path-ink")
    assert paper[0] - paper[2] / 2 < at[0] < paper[0]  # in the paper's left half, where the ink is
    assert at[2] < ink[2] / 1.5
    assert page.locator("#path-pixels").evaluate(OPACITY) == 0
    page.evaluate(FREEZE, FLIGHT * 1.25)
    assert close(rest(page, "#path-ink"), ink, 1)
    assert close(rest(page, "#path-pixels")[:2], ink[:2], 1)
    page.evaluate(FREEZE, FLIGHT * 2.25)
    assert close(rest(page, "#path-pixels"), pixels, 1)
    tiles = page.locator("#path .tile").evaluate_all(f"(all) => all.map({MIDDLE})")
    # A tile is a third as wide as the maps, and as large as all of the pixels now.
    assert all(abs(width * 28 / 86 - pixels[2]) < 1 for _, _, width in tiles)
    page.evaluate(FREEZE, FLIGHT * 3.25)
    assert close(rest(page, "#path-bars")[:2], maps[:2], 1)
    page.locator("#path .row [data-do=clear]").click()
    for name in names:
        assert page.locator(name).evaluate("(element) => element.getAnimations().length") == 0
    page.locator("#path [data-example='7']").click()  # it is read, and grows
    wait_until(page, flying)


def test_pictures_further_down_do_not_wait_for_those_of_the_path(open_page):
    page = open_page("/learn", reduced_motion="no-preference")
    expect(page.locator("#path .tile")).to_have_count(6)
    page.locator("[data-from=picture-paper]").scroll_into_view_if_needed()
    flying = "() => document.querySelector('[data-from=picture-paper]').getAnimations().length > 0"
    wait_until(page, flying)
    assert page.locator("[data-from=picture-paper]").evaluate(BEGINS) == 0


def test_whoever_asks_for_less_motion_sees_the_pictures_appear_on_demand_alone(open_page):
    page = open_page("/learn")
    expect(page.locator("#path-bars .best text")).to_have_text("4")
    assert page.evaluate("document.getAnimations().length") == 0
    before = rest(page, "#path-pixels")
    page.locator("[data-do=grow]").click()
    page.evaluate(FREEZE, FLIGHT)
    assert page.locator("#path-pixels").evaluate(OPACITY) == 0
    assert rest(page, "#path-pixels") == before
    page.evaluate(FREEZE, FLIGHT * 4)
    assert page.locator("#path-bars").evaluate(OPACITY) == 1


def test_what_flies_does_not_widen_a_phones_page(open_page):
    phone = {**PHONE, "viewport": {"width": 360, "height": 740}}
    page = open_page("/learn", reduced_motion="no-preference", **phone)
    expect(page.locator("#path .tile")).to_have_count(6)
    for time in (0, FLIGHT, 2 * FLIGHT, 2.5 * FLIGHT):
        page.evaluate(FREEZE, time)
        assert page.evaluate("innerWidth") == 360, time
        assert fits(page), time
