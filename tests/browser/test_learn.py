"""The learn page: one drawing through all chapters, and its parts."""

import json
import re
from collections import Counter

from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, fits, wait_until
from tests.browser.test_access import check_both_schemes
from trainer.recognition.strokes import Strokes, fit_to_canvas

PICTURE, WRONG, MODELS, MAPS, TRAINING, PRODUCT = PARTS = [
    f"[data-part={name}]" for name in ("picture", "wrong", "models", "maps", "training", "product")
]


def see(page: Page, part: str) -> None:
    """Scroll to a part, and wait until it is alive."""
    page.locator(part).scroll_into_view_if_needed()
    expect(page.locator(f"{part}[data-is-alive]")).to_be_visible()


HAND = """({ canvas, lines }) => {
  const paper = document.querySelector(canvas);
  const { left, top, width } = paper.getBoundingClientRect();
  const point = (type, [x, y]) => paper.dispatchEvent(new PointerEvent(type, {
    pointerId: 1, pointerType: "mouse", isPrimary: true, bubbles: true, cancelable: true,
    clientX: left + x * width, clientY: top + y * width,
  }));
  for (const line of lines) {
    point("pointerdown", line[0]);
    for (const each of line) point("pointermove", each);
    point("pointerup", line.at(-1));
  }
}"""


def write(page: Page, strokes: Strokes, canvas: str, size: float, at: tuple[float, float]) -> None:
    """Write on one of the page's papers at once; `size` and `at` are fractions of it."""
    lines = [line.tolist() for line in fit_to_canvas(strokes, 1000, size, 42, at)]
    lines = [[[x / 1000, y / 1000] for x, y in line] for line in lines]
    page.evaluate(HAND, {"canvas": canvas, "lines": lines})


def answers(page: Page) -> tuple[str, str]:
    """The digit that the tutorial's way and MNIST's way lead to."""
    best = page.locator(f"{WRONG} .ten-bars .best text")
    expect(best).to_have_count(2)
    scaled, centered = best.all_text_contents()
    return scaled, centered


def test_a_small_drawing_in_a_corner_is_wrong_the_tutorials_way_and_right_by_mnists(
    open_page, drawings
):
    page = open_page("/learn")
    see(page, WRONG)
    turned = 0
    for digit, strokes in drawings.items():
        page.locator("#path .row [data-do=clear]").dispatch_event("click")
        expect(page.locator(f"{WRONG} .best")).to_have_count(0)
        write(page, strokes, "#wrong-paper", 0.25, (0.9, 0.85))
        scaled, centered = answers(page)
        turned += scaled != str(digit) == centered
    assert turned >= 8


def test_sliders_move_the_drawing_and_a_link_brings_all_of_it_back(open_page, site):
    page = open_page("/learn")
    see(page, WRONG)
    assert answers(page) == ("5", "4")  # before a hand has drawn
    for name, value in (("x", "50"), ("y", "50"), ("size", "60")):
        page.locator(f"{WRONG} [name={name}]").fill(value)
    wait_until(page, "() => document.querySelector('#scaled-bars .best text')?.textContent === '4'")
    page.locator("#path [data-do=undo]").dispatch_event("click")  # one step, however far
    wait_until(page, "() => document.querySelector('.says').textContent.includes('5')")
    page.locator(f"{WRONG} [name=ink]").select_option("#f2d53c")
    see(page, PICTURE)
    page.locator(f"{PICTURE} [name=row]").fill("20")
    wait_until(page, "() => /ink=.*row=20/.test(location.hash)")
    link = page.url
    other = open_page("/learn#" + link.split("#")[1], **PHONE)
    see(other, PICTURE)
    expect(other.locator(f"{PICTURE} [data-of=place]")).to_have_text("20, 16")
    see(other, WRONG)
    expect(other.locator(f"{WRONG} [name=ink]")).to_have_value("#f2d53c")
    assert fits(other)


def test_pointing_at_a_cell_shows_its_number_in_the_file_and_in_the_batch(open_page):
    page = open_page("/learn")
    see(page, PICTURE)
    page.locator(f"{PICTURE} [name=batch]").fill("2")
    cells = page.locator(f"{PICTURE} .cells")
    box = cells.bounding_box()
    cells.hover(position={"x": box["width"] * 17.5 / 28, "y": box["height"] * 13.5 / 28})
    expect(page.locator(f"{PICTURE} [data-of=index]")).to_have_text("[2, 0, 13, 17]")
    expect(page.locator(f"{PICTURE} [data-of=offset]")).to_have_text(
        str(16 + 2 * 784 + 13 * 28 + 17)
    )
    value = int(page.locator(f"{PICTURE} [data-of=value]").inner_text())
    assert value > 128
    expect(page.locator(f"{PICTURE} mark")).to_have_text(f"{value:02x}")


def test_every_model_reads_the_drawing_and_one_reads_it_row_by_row(open_page, site, drawings):
    page = open_page("/learn", reduced_motion="no-preference")
    see(page, MODELS)
    write(page, drawings[0], "#models-paper", 0.5, (0.5, 0.5))  # and the example gives way
    expect(page.locator(f"{MODELS} .digit")).to_have_text(["0"] * 7)
    said = page.locator(f"{MODELS} [data-of=said]")
    said.scroll_into_view_if_needed()
    expect(said).to_contain_text("0")
    page.locator(f"{MODELS} [name=rows]").fill("9")  # a 0's upper arch is no 0 yet
    expect(said).not_to_contain_text("reads 0")
    page.locator(f"{MODELS} [data-do=play]").click()
    expect(page.locator(f"{MODELS} [name=rows]")).to_have_value("28")
    expect(said).to_contain_text("reads 0")
    page.locator("#path .row [data-do=clear]").dispatch_event("click")
    expect(page.locator(f"{MODELS} .digit")).to_have_text([""] * 7)


DRAG = """async () => {
  const slider = document.querySelector("[data-part=wrong] [name=x]");
  for (let value = 20; value < 80; value += 2) {
    slider.value = value;
    slider.dispatchEvent(new Event("input"));
    await new Promise(requestAnimationFrame);
  }
}"""


def test_only_parts_on_the_screen_ask_and_once_the_slider_rests(open_page, site):
    page = open_page("/learn")
    for part in (PRODUCT, MODELS, WRONG):
        see(page, part)
    page.evaluate(DRAG)
    expect(page.locator("#scaled-bars .best")).to_have_count(1)
    wait_until(page, "() => location.hash.includes('drawing=')")  # 300 ms later
    page.locator(f"{MODELS} .reading").scroll_into_view_if_needed()
    digits = page.locator(f"{MODELS} .digit")
    expect(page.locator(f"{MODELS} [data-of=said]")).to_contain_text("reads")
    page.locator(f"{MODELS} .seven").scroll_into_view_if_needed()
    expect(digits).to_have_text([re.compile(".")] * 7)
    page.evaluate(DRAG)
    page.locator(PRODUCT).scroll_into_view_if_needed()
    expect(page.locator(f"{PRODUCT} [data-of=score]")).to_contain_text("score")
    asked = Counter(site.requests)
    assert (asked["/learn/rows"], asked["/api/v1/predict"]) == (1, 2)


def test_a_part_whose_question_does_not_arrive_says_so_until_it_does(open_page, site, drawings):
    page = open_page("/learn", expect_errors=True)
    see(page, MODELS)
    page.locator("#path .row [data-do=clear]").dispatch_event("click")
    problem = page.locator(f"{MODELS} [data-problem=models]")
    expect(problem).to_be_empty()
    site.stop()
    write(page, drawings[0], "#models-paper", 0.5, (0.5, 0.5))
    expect(problem).not_to_be_empty()
    site.start()
    expect(page.locator(f"{MODELS} .digit")).to_have_text(["0"] * 7)
    expect(problem).to_be_empty()


def test_what_was_spoken_is_not_spoken_again_by_another_change(open_page):
    page = open_page("/learn")
    page.clock.install()
    for part in (PRODUCT, WRONG):
        see(page, part)
    page.clock.run_for(1000)
    spoken = page.locator(f"{WRONG} [data-spoken]")
    expect(spoken).to_contain_text("The tutorial’s way: LeNet-5 reads 5")
    page.evaluate("""() => {
      window.changes = 0;
      const observer = new MutationObserver((records) => (window.changes += records.length));
      for (const each of document.querySelectorAll("[data-spoken], .learn [role=status]")) {
        observer.observe(each, { childList: true, characterData: true, subtree: true });
      }
    }""")
    see(page, PICTURE)
    page.locator(f"{PICTURE} [name=row]").fill("20")
    page.clock.run_for(1000)
    expect(page.locator(f"{PICTURE} [data-of=place]")).to_have_text("20, 16")
    page.clock.run_for(1000)
    assert page.evaluate("window.changes") == 0


def test_reading_by_itself_leaves_no_trace_in_the_link(open_page):
    page = open_page("/learn", reduced_motion="no-preference")
    see(page, MODELS)
    rows = page.locator(f"{MODELS} [name=rows]")
    page.locator(f"{MODELS} .reading").scroll_into_view_if_needed()
    expect(rows).not_to_have_value("28")
    expect(rows).to_have_value("28")
    wait_until(page, "() => location.hash.includes('chapter=3')")
    assert "rows" not in page.url


def test_the_drawing_goes_along_to_the_inside_of_a_model(open_page):
    page = open_page("/learn")
    see(page, MODELS)
    page.locator(f"{MODELS} [data-model=cnn] a").click()
    expect(page.locator("#sentence")).to_contain_text("4")
    assert "#" not in page.url
    page.go_back()
    page.locator(MODELS).get_by_role("link", name="Compare").click()
    expect(page.locator("[data-model=cnn] .digit")).to_have_text("4")


def test_a_window_slides_over_the_picture_and_each_cell_tells_where_it_comes_from(open_page):
    page = open_page("/learn", reduced_motion="no-preference")
    see(page, MAPS)
    window, cell = (page.locator(f"{MAPS} [data-of={name}] rect") for name in ("from", "to"))
    row = page.locator(f"{MAPS} [name=row]")
    page.locator(f"{MAPS} [value='3']").click()
    wait_until(
        page, "() => Number(document.querySelector('[data-part=maps] [name=row]').value) < 9"
    )
    expect(row).to_have_value("14")  # it has slid to the end
    map_ = page.locator(f"{MAPS} [data-of=to]")
    side = map_.bounding_box()["width"]
    map_.hover(position={"x": 10.5 * side / 28, "y": 12.5 * side / 28})
    expect(window).to_have_attribute("x", "8")  # 5 cells around the tenth
    expect(window).to_have_attribute("width", "5")
    expect(cell).to_have_attribute("width", "1")
    page.locator(f"{MAPS} [data-of=from]").hover(position={"x": side / 2, "y": side / 2})
    expect(window).to_have_attribute("width", "1")
    expect(cell).to_have_attribute("width", "5")
    page.locator(f"{MAPS} [name=relu]").uncheck()
    is_gray = """() => {
      const { data: [level] } = document.querySelector("[data-part=maps] canvas")
        .getContext("2d").getImageData(0, 0, 1, 1);
      return level > 100 && level < 155;
    }"""
    wait_until(page, is_gray)  # the corner, where there is paper alone, and nearly zero


def test_a_threshold_rejects_what_is_less_of_a_digit(open_page):
    page = open_page("/learn")
    see(page, PRODUCT)
    score = page.locator(f"{PRODUCT} [data-of=score]")
    expect(score).to_contain_text("accepted")
    page.locator("#path [data-example=star]").dispatch_event("click")
    expect(page.locator(f"{PRODUCT} [data-of=sentence]")).to_contain_text("doesn’t look like")
    expect(score).to_contain_text("rejected")
    page.locator("#path [data-example='7']").dispatch_event("click")
    expect(score).to_contain_text("accepted")
    page.locator(f"{PRODUCT} [name=threshold]").press("End")
    expect(score).to_contain_text("rejected")
    expect(page.locator(f"{PRODUCT} [data-of=threshold]")).to_contain_text("99.9 % of the digits")


def test_the_drawing_goes_along_from_the_drawing_page(open_page, site, drawings):
    page = open_page("/")
    write(page, drawings[3], "#pad", 0.6, (0.5, 0.5))
    expect(page.locator("#answer")).to_have_text("3")
    page.goto(site.url + "/learn")
    expect(page.locator("#path-bars .best text")).to_have_text("3")
    page.locator("#path .wipe").click()
    expect(page.locator("#path-bars .best")).to_have_count(0)


def test_a_link_to_the_example_or_a_blank_sheet_shows_it_to_whoever_drew_something_else(
    open_page, site, drawings
):
    page = open_page("/")
    write(page, drawings[3], "#pad", 0.6, (0.5, 0.5))
    expect(page.locator("#answer")).to_have_text("3")
    best = page.locator("#path-bars .best text")
    page.goto(site.url + "/learn#chapter=2")
    expect(best).to_have_text("4")
    wait_until(page, "() => location.hash.includes('drawing=example')")
    page.evaluate("location.hash = 'chapter=2&drawing=none'")
    expect(best).to_have_count(0)
    page.evaluate("location.hash = 'chapter=1'")  # as links were before they named the example
    expect(best).to_have_text("4")
    page.locator("#path .wipe").click()
    wait_until(page, "() => location.hash.includes('drawing=none')")
    page.reload()
    expect(best).to_have_count(0)


def test_a_drawing_too_large_for_a_link_is_told_and_an_older_one_does_not_stay(open_page, site):
    page = open_page("/", expect_errors=True)  # the server refuses it, too
    lines = [[[i % 40 * 20, i // 40 * 30, 0.5], [i % 40 * 20, 900, 0.5]] for i in range(1001)]
    strokes = [{"width": 10, "pressure": False, "points": points} for points in lines]
    sheet = json.dumps({"now": [*range(1001)], "past": [], "future": [], "strokes": strokes})
    page.add_init_script(f"sessionStorage.setItem('sheet', {json.dumps(sheet)})")
    page.goto(site.url + "/learn")
    copied = page.locator("#copied")
    page.locator("#path [data-do=link]").click()
    expect(copied).to_have_text("This drawing has too many strokes for a link.")
    assert "#" not in page.url
    page.locator("#path .row [data-do=clear]").click()
    expect(copied).to_be_empty()


def test_a_damaged_link_is_told_until_something_is_drawn(open_page, site, drawings):
    page = open_page("/")
    write(page, drawings[3], "#pad", 0.6, (0.5, 0.5))
    expect(page.locator("#answer")).to_have_text("3")
    page.goto(site.url + "/learn#drawing=AAAA&chapter=2")
    expect(page.locator("#path-bars .best text")).to_have_text("3")  # what was there stays
    expect(page.locator("#problem")).to_contain_text("damaged")
    page.locator("#path [data-example='7']").click()
    expect(page.locator("#problem")).to_be_empty()


TOPS = "(bars) => bars.map((each) => Math.round(each.getBoundingClientRect().top))"
OVERFLOWS = """(tables) => tables.filter(({ parentNode, rows }) =>
  getComputedStyle(parentNode).overflowX !== "auto"
  || rows[1].cells[0].offsetWidth < 144
  || [...parentNode.querySelectorAll("code")].some((code) => {
    const [word] = code.textContent.match(/^\\w+/);
    const range = document.createRange();
    range.setStart(code.firstChild, 0);
    range.setEnd(code.firstChild, word.length);
    return range.getClientRects().length > 1;
  })).length"""


def test_without_scripts_the_rows_are_read_and_nothing_breaks_on_a_phone(open_page):
    page = open_page("/learn", java_script_enabled=False, locale="zh-CN", **PHONE)
    for picture in ("rows", "states"):
        expect(page.locator(f"{MODELS} [data-of={picture}]")).to_be_visible()
    page.set_viewport_size({"width": 1280, "height": 700})
    assert len(set(page.locator(".read-so-far .ten-bars").evaluate_all(TOPS))) == 1
    expect(page.locator(".chapter em").first).to_have_css("font-style", "normal")
    for width in (390, 320):
        page.set_viewport_size({"width": width, "height": 700})
        assert page.locator(".chapter > .scroll > table").evaluate_all(OVERFLOWS) == 0
        assert fits(page)


def test_it_prints_on_light_paper_and_nothing_is_cut_off(open_page):
    page = open_page("/learn", viewport={"width": 720, "height": 900})
    page.locator("html").evaluate("(root) => (root.dataset.theme = 'dark')")
    page.emulate_media(media="print", color_scheme="dark")
    expect(page.locator("html")).to_have_css("background-color", "rgb(250, 248, 243)")
    for table in page.locator("table").all():
        is_whole = "({ offsetWidth, parentNode }) => offsetWidth <= parentNode.clientWidth"
        assert table.evaluate(is_whole)


def test_axe_finds_no_violations_once_all_parts_are_alive_and_nothing_sticks_out(open_page):
    page = open_page("/learn")
    for part in PARTS:
        see(page, part)
    page.evaluate("document.querySelectorAll('details').forEach((each) => (each.open = true))")
    check_both_schemes(page, "the learn page")
    for width, text_size in ((1280, ""), (390, ""), (320, "200%")):
        page.set_viewport_size({"width": width, "height": 700})
        page.evaluate("(size) => (document.documentElement.style.fontSize = size)", text_size)
        assert fits(page), width
