"""What can be done with a drawing, all of it in the browser: examples, history, links, files."""

import json
import re
import xml.etree.ElementTree as ET

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE, Pointers, answered, draw, ink


def posted(site) -> set[str]:
    """The paths asked for, except for the pages and their files, and what a browser keeps."""
    kept = {"/", "/service-worker.js", "/offline"}
    return {path for path in site.requests if not path.startswith("/static/")} - kept


def settled(page, text: int | str) -> None:
    """The answer to all that is drawn has come, as it is then kept."""
    expect(page.locator("#history li").first).to_contain_text(str(text))


def test_each_example_is_read_as_it_says(open_page, site):
    page = open_page()
    examples = page.locator("#examples [data-example]")
    values = examples.evaluate_all("all => all.map((each) => each.dataset.example)")
    assert {"7", "4", "0", "1", "471"} < set(values)
    drawn = 0
    for value in values:
        page.locator(f'[data-example="{value}"]').focus()
        page.keyboard.press("Enter")
        if value.isdecimal():
            answered(page, value)
        else:
            expect(page.locator("#sentence")).to_have_text("That doesn’t look like a digit.")
            answered(page, "")
        drawn += page.locator(f'[data-example="{value}"][data-photo]').count() == 0
        expect(page.locator("#history li")).to_have_count(drawn)  # before the next one replaces it
    assert posted(site) == {"/api/v1/predict"}
    assert drawn == len(values) - 1


def test_an_example_draws_itself_stroke_by_stroke_until_a_hand_does(open_page, site):
    motion = {"reduced_motion": "no-preference"}
    page = open_page("/about", expect_errors=True, **motion)  # the first points are a dot: 422
    page.clock.install(time=0)
    page.goto(site.url)
    page.clock.pause_at(3_600_000)
    strokes = "JSON.parse(sessionStorage.sheet ?? '{\"now\": []}').now.length"
    page.locator('[data-example="471"]').click()
    counts = {0}
    while max(counts) < 2:
        page.clock.run_for(50)
        counts.add(page.evaluate(strokes))
    assert counts == {0, 1, 2}
    Pointers(page).pen_line(0.97)
    page.clock.run_for(5000)
    assert page.evaluate(strokes) in {3, 4}  # the last of the example's had begun, perhaps
    page.locator("#clear").click()
    page.locator('[data-example="7"]').click()
    page.clock.run_for(5000)
    page.clock.resume()
    answered(page, 7)


def test_the_last_drawings_are_kept_in_the_browser_and_restored_by_a_click(
    open_page, site, drawings
):
    page = open_page(expect_errors=True)
    items = page.locator("#history li")
    expect(page.locator("#history")).to_be_hidden()
    for count, digit in enumerate((7, 4), 1):
        draw(page, drawings[digit])
        expect(items).to_have_count(count)
        expect(items.first).to_contain_text(str(digit))
        page.locator("#clear").click()
    page.reload()
    expect(items).to_have_count(2)
    items.nth(1).locator("button").first.click()
    answered(page, 7)
    page.locator("#undo").click()
    answered(page, "")
    assert posted(site) == {"/api/v1/predict"}
    items.nth(1).locator("button").last.click()
    expect(items).to_have_count(1)
    expect(items.first).to_contain_text("4")
    page.get_by_role("button", name="Undo deleting").click()
    expect(items).to_have_count(2)
    page.get_by_role("button", name="Delete all").click()
    expect(items).to_have_count(0)
    assert page.evaluate("localStorage.getItem('history')") is None
    page.keyboard.press("Enter")  # the focus is on what undoes it
    expect(items).to_have_count(2)
    page.locator("#show-keys").click()
    page.locator("#keep-history").uncheck()
    page.keyboard.press("Escape")
    page.reload()
    draw(page, drawings[7])
    answered(page, 7)
    expect(items).to_have_count(0)
    assert page.evaluate("Object.keys(localStorage)") == ["keep-history"]


FULL = """async () => {
  const { encode } = await import("/static/stroke_code.js");
  const line = (x, count) => [{ width: 42, pressure: false, points: Array.from(
    { length: count }, (_, i) => [x, i % 900, 0.5]) }];
  const entry = (code) => ({ code, text: "1", mode: "digit", model: "inkling" });
  const entries = Array.from({ length: 30 }, (_, x) => entry(encode(line(x, 15_000))));
  const junk = [entry(""), entry("!"), {}, null, 7];
  localStorage.history = JSON.stringify([...junk, ...entries]);
}"""


def test_the_history_is_bounded_and_leaves_out_what_is_none_of_it(open_page):
    page = open_page("/about")
    page.evaluate(FULL)
    page.get_by_role("link", name="Draw").first.click()
    items = page.locator("#history li")
    expect(items).to_have_count(15)  # of the first twenty
    Pointers(page).pen_line(0.5)
    expect(items.first.locator("polyline")).to_have_attribute("points", re.compile("^500,200 "))
    assert 300_000 < page.evaluate("localStorage.history.length") < 410_000
    expect(items).to_have_count(page.evaluate("JSON.parse(localStorage.history).length"))


def test_a_link_carries_the_drawing_and_sends_nothing(open_page, site, drawings):
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    draw(page, drawings[4])
    answered(page, 4)
    settled(page, 4)
    sent = len(site.requests)
    page.locator("#share").click()
    expect(page.locator("#shared")).to_have_text("Copied.")
    link = page.locator("#share-link").input_value()
    assert page.evaluate("navigator.clipboard.readText()") == link
    assert [path for path in site.requests[sent:] if not path.endswith("share.js")] == []
    assert link.startswith(f"{site.url}/#")
    assert len(link) < 2000
    share = ink(page)
    page.evaluate("link => { localStorage.clear(); sessionStorage.clear(); }", link)
    other = page.context.new_page()
    other.goto(link)
    answered(other, 4)
    assert ink(other) == pytest.approx(share, rel=0.02)
    assert other.url == f"{site.url}/"
    other.locator("#undo").click()
    answered(other, "")


def test_a_damaged_or_hostile_link_is_said_and_nothing_is_lost(open_page, drawings):
    page = open_page()
    draw(page, drawings[7])
    answered(page, 7)
    page.locator("#share").click()
    expect(page.locator("#share-link")).to_have_value(re.compile("#drawing="))
    fragment = page.locator("#share-link").input_value().split("#")[1]
    page.keyboard.press("Escape")
    for damaged in (
        fragment.replace("drawing=", "drawing=A"),
        fragment[:40],
        "drawing=",
        "drawing=%00%ff",
        "drawing=" + "_" * 500_000,
        "drawing=" + "A" * 50_000,
    ):
        page.evaluate("hash => { location.hash = hash }", damaged)
        expect(page.locator("#notice")).to_contain_text("damaged")
        assert page.evaluate("location.hash") == ""
        page.evaluate("document.getElementById('notice').textContent = ''")
        answered(page, 7)
    page.evaluate("hash => { location.hash = hash }", fragment)
    answered(page, 7)
    other = page.context.new_page()
    other.goto(f"{page.url}#drawing=AAAA")
    expect(other.locator("#notice")).to_contain_text("damaged")
    expect(other.locator("#history li")).to_have_count(1)
    expect(other.locator("#notice")).to_contain_text("damaged")


CODES = """async () => {
  const { decode, encode } = await import("/static/stroke_code.js");
  const points = (count) => Array.from({ length: count }, (_, i) => [i % 900, -i % 7, 0.4]);
  const drawing = [
    { width: 42, pressure: false, points: points(3).map(([x, y]) => [x, y, 0.5]) },
    { width: 8, pressure: true, points: points(400) },
  ];
  const code = encode(drawing);
  const same = JSON.stringify(decode(code)) === JSON.stringify(drawing);
  const refused = [20_001, 1].map((count) => {
    try {
      return encode(Array(1001).fill({ width: 8, pressure: false, points: points(count) })).length;
    } catch (error) {
      return error.name;
    }
  });
  let seed = 7;
  const random = (below) => (seed = (seed * 48271) % 2147483647) % below;
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=%é";
  const wrong = [];
  for (let i = 0; i < 3000; i++) {
    const at = random(code.length);
    const noise = Array.from({ length: random(30) }, () => alphabet[random(alphabet.length)]);
    const text = i % 2 ? noise.join("") : code.slice(0, at) + noise.join("");
    try {
      decode(text).forEach(({ points }) => points.flat().forEach((n) => {
        if (!(Math.abs(n) <= 5000)) wrong.push(text);
      }));
    } catch (error) {
      if (!(error instanceof Error)) wrong.push(text);
    }
  }
  for (let i = 0; i < 200; i++) {
    const text = code.slice(0, i) + (code[i] === "A" ? "B" : "A") + code.slice(i + 1);
    try {
      wrong.push(decode(text));
    } catch {
      // as it should be
    }
  }
  return [same, refused, wrong];
}"""


def test_the_text_of_a_drawing_gives_it_back_and_any_other_text_is_an_error(open_page):
    same, refused, wrong = open_page("/about").evaluate(CODES)
    assert same
    assert refused == ["RangeError", "RangeError"]
    assert wrong == []


def test_a_drawing_is_saved_in_three_formats(open_page, site, drawings):
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    draw(page, drawings[4])
    answered(page, 4)
    files = {}
    for kind in ("png", "svg", "json"):
        page.locator("#download").click()
        with page.expect_download() as download:
            page.locator(f"[data-format={kind}]").click()
        assert download.value.suggested_filename == f"inkling-4.{kind}"
        files[kind] = download.value.path().read_bytes()
    strokes = len(drawings[4])
    assert files["png"].startswith(b"\x89PNG")
    svg = ET.fromstring(files["svg"])
    assert svg.get("viewBox") == "0 0 1000 1000"
    assert len(svg.findall("{http://www.w3.org/2000/svg}path")) == strokes
    assert [len(line) > 1 for line in json.loads(files["json"])["strokes"]] == [True] * strokes
    page.locator("#download").click()
    page.get_by_role("button", name="Copy picture").click()
    expect(page.locator("#copied")).to_have_text("Copied.")
    assert posted(site) == {"/api/v1/predict"}


def test_single_keys_can_be_switched_off_and_leave_controls_alone(open_page, site, drawings):
    page = open_page()
    draw(page, drawings[7])
    answered(page, 7)
    page.locator("#pen").focus()
    for key in ("r", "3", "x"):
        page.keyboard.press(key)
    page.locator("#show-keys").click()
    page.locator("#single-keys").uncheck()
    page.keyboard.press("Escape")
    page.reload()
    answered(page, 7)
    page.locator("body").click(position={"x": 5, "y": 300})
    for key in ("r", "3", "?"):
        page.keyboard.press(key)
    expect(page.locator("#keys")).to_be_hidden()
    page.locator("#show-keys").click()
    expect(page.locator("#single-keys")).not_to_be_checked()
    page.locator("#single-keys").check()
    page.keyboard.press("Escape")
    page.locator("body").click(position={"x": 5, "y": 300})
    page.keyboard.press("r")
    expect(page.locator("#thanks")).to_contain_text("Saved as a 7.")
    assert site.requests.count("/api/v1/feedback") == 1


def test_the_focus_never_falls_to_the_page(open_page, drawings):
    page = open_page(**PHONE)
    draw(page, drawings[1])
    settled(page, 1)
    assert page.evaluate("document.activeElement.id") == "pad"
    for control in ("#right", "#take-back", "#undo", "#redo", "#clear", "#forget", "#remember"):
        page.locator(control).focus()
        page.keyboard.press("Enter")
        expect(page.locator(f"{control}:enabled:visible")).to_have_count(0)
        assert page.evaluate("document.activeElement.tagName") == "BUTTON", control
