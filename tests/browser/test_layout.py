"""Nothing overlaps, breaks or scrolls sideways: on any screen, in any language, in large text."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Pointers, draw
from tests.browser.test_uploading import choose
from tests.conftest import ROOT

DRAWING_PAGES = ["/", "/compare", "/models/inkling/inside", "/class"]
TEXT_PAGES = ["/models/inkling", "/api/docs", "/offline"]
WIDTHS = (320, 359, 376, 390, 737, 768, 790, 1024, 1366, 1920)
WIDTHS_OF_LARGE_TEXT = (320, 390, 768, 1366)
PHONE_ON_ITS_SIDE = (667, 375)
LAPTOP_AT_400_PERCENT = (320, 180)

FAULTS = """(size) => {
  const root = document.documentElement;
  root.style.fontSize = size;
  const name = (each) => each.id || each.value || each.textContent.trim();
  const shown = [...document.querySelectorAll("a, button, select, canvas, .button, input, img")]
    .filter((each) => each.offsetWidth > 2 && !each.closest("[inert], .skip, .scroll, pre") &&
      each.checkVisibility({ visibilityProperty: true, opacityProperty: true }))
    .map((each) => ({ each, box: each.getBoundingClientRect() }));
  const found = [];
  shown.forEach((a, i) => shown.slice(i + 1).forEach((b) => {
    if (a.each.contains(b.each)) return;
    const width = Math.min(a.box.right, b.box.right) - Math.max(a.box.left, b.box.left);
    const height = Math.min(a.box.bottom, b.box.bottom) - Math.max(a.box.top, b.box.top);
    if (width > 1 && height > 1) found.push(`${name(a.each)} overlaps ${name(b.each)}`);
  }));
  for (const { each, box } of shown) {
    if (box.left < -1 || box.right > root.clientWidth + 1) found.push(`${name(each)} sticks out`);
    const text = document.createRange();
    text.selectNodeContents(each);
    const tops = [...text.getClientRects()].filter(({ width }) => width).map(({ top }) => top);
    const breaks = Math.max(...tops) - Math.min(...tops) > 12;
    const isText = each.matches("button, .button") && !each.querySelector("svg");
    if (!size && isText && breaks) found.push(`${name(each)} breaks`);
  }
  if (root.scrollWidth > root.clientWidth) found.push("it scrolls sideways");
  root.style.fontSize = "";
  return found;
}"""


@pytest.mark.parametrize(
    ("locale", "paths"), [("en-US", DRAWING_PAGES + TEXT_PAGES), ("zh-CN", ["/", "/class"])]
)
def test_no_control_overlaps_another_or_sticks_out_on_any_screen(
    open_page, site, locale, paths, drawings
):
    page = open_page(locale=locale)
    draw(page, drawings[7])
    faults = {}
    for path in paths:
        page.goto(site.url + path)
        if page.locator("#pad").count():
            said = "?" if path == "/class" else "7"
            expect(page.locator("main")).to_contain_text(said)
        screens = [(width, 700, "") for width in WIDTHS]
        screens += [(width, 700, "200%") for width in WIDTHS_OF_LARGE_TEXT]
        screens += [(*PHONE_ON_ITS_SIDE, ""), (*LAPTOP_AT_400_PERCENT, "")]
        for width, height, text_size in screens:
            page.set_viewport_size({"width": width, "height": height})
            if found := page.evaluate(FAULTS, text_size):
                faults[path, width, text_size] = found
        if page.locator("#pad").count():  # at 400 %
            assert page.locator("#pad").bounding_box()["width"] <= 320 - 2 * 44  # room to scroll
    assert faults == {}


def test_no_control_lies_on_the_sheet_whatever_is_on_it(open_page, seven, encode):
    """Where one lay, no stroke could begin."""
    page = open_page(viewport={"width": 1280, "height": 720})
    expect(page.locator("#camera")).to_be_visible()

    def faults() -> dict[int, list[str]]:
        found = {}
        for width in (1280, 390, 320):
            page.set_viewport_size({"width": width, "height": 844})
            if each := page.evaluate(FAULTS, ""):
                found[width] = each
        page.set_viewport_size({"width": 1280, "height": 720})
        return found

    assert faults() == {}
    Pointers(page).pen_line(0.5)
    expect(page.locator("#fingers")).to_be_visible()
    assert faults() == {}
    choose(page, encode(seven))
    expect(page.locator("#crop")).to_be_visible()
    assert faults() == {}


TOPS_OF_BARS = """() => {
  const { sentences, unread, digits, invitation } = JSON.parse(words.textContent);
  const filled = sentences.unsure.replace("{first}", digits[7]).replace("{second}", digits[1]);
  const top = (digit, said, isRejected) => {
    answer.textContent = digit;
    sentence.textContent = said;
    document.getElementById("after-all").hidden = !isRejected;
    return bars.getBoundingClientRect().top + scrollY;
  };
  return [top("", invitation), top("", sentences.not_a_digit, true), top("7", filled),
    top("7", `${filled} ${unread.one}`), top("7", `${filled} ${unread.more}`)];
}"""


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_the_bars_stay_in_place_whatever_is_said_while_one_draws(open_page, locale):
    page = open_page(locale=locale)
    for width in (360, 390, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        assert len(set(page.evaluate(TOPS_OF_BARS))) == 1, width


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_the_accuracies_are_seen_on_a_phone_without_scrolling(open_page, locale):
    page = open_page("/models", viewport={"width": 360, "height": 800}, locale=locale)
    assert page.locator(".scroll").evaluate("(each) => each.scrollWidth <= each.clientWidth")
    assert page.locator(".models thead th:visible").count() == 3
    expect(page.locator(".models tbody tr").first.locator("td:visible")).to_contain_text(["%", "%"])


@pytest.mark.parametrize("size", ["100%", "200%"])
def test_a_number_in_the_history_is_in_one_line(open_page, site, size):
    page = open_page("/about")
    page.evaluate(
        """async () => {
          const { encode } = await import("/static/stroke_code.js");
          const code = encode([{ width: 42, pressure: false, points: [[9, 9, 1], [9, 99, 1]] }]);
          const entry = { code, text: "2026", mode: "auto", model: "inkling" };
          localStorage.history = JSON.stringify([entry]);
        }"""
    )
    page.goto(site.url)
    caption = page.locator("#history li span")
    expect(caption).to_have_text("2026")
    page.evaluate("(size) => (document.documentElement.style.fontSize = size)", size)
    lines = "(span) => span.offsetHeight / parseFloat(getComputedStyle(span).lineHeight)"
    assert caption.evaluate(lines) < 1.5
    assert caption.evaluate("(span) => span.scrollWidth <= span.clientWidth")


def test_no_caption_slips_below_its_picture(open_page):
    page = open_page("/models/inkling")
    for width, size in ((1280, ""), (360, ""), (320, "200%")):
        page.set_viewport_size({"width": width, "height": 800})
        lefts = page.evaluate(
            """(size) => {
              document.documentElement.style.fontSize = size;
              return [...document.querySelectorAll(".wrong li")].map(({ children: [img, span] }) =>
                span.getBoundingClientRect().left - img.getBoundingClientRect().right);
            }""",
            size,
        )
        assert min(lefts) > 0, (width, size)


def test_the_sheet_grows_with_the_screen(open_page):
    page = open_page(viewport={"width": 1920, "height": 1080})
    assert page.locator("#pad").bounding_box()["width"] > 700
    assert page.evaluate("document.documentElement.scrollHeight") <= 1080


def test_colors_need_nothing_that_old_browsers_lack():
    """`light-dark()` is unknown to Safari before 17.5, where all that uses it then has no color."""
    for sheet in (ROOT / "static").glob("*.css"):
        assert "light-dark(" not in sheet.read_text("utf-8"), sheet
