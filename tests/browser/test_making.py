"""What made a map, on the inside page of a model."""

import time

import numpy as np
import pytest
from playwright.sync_api import Page, Request, Route, expect

from tests.browser.conftest import DESKTOP, PHONE, draw, fits, ink, wait_until
from tests.browser.test_access import check_both_schemes

MAP, INPUTS = (f"#making [data-of={name}] .framed" for name in ("to", "from"))
SAID = "#made-of"
ASKED, LENET = (f"/models/{name}/inside/map" for name in ("cnn", "lenet5"))
FRAME = "(svg) => svg.querySelector('path:last-child').getAttribute('d')"


def open_map(page: Page, strokes, stage: int, index: tuple[float, float]) -> None:
    """Draw, and click on a stage's picture, at a place in 0..1."""
    draw(page, strokes)
    button = page.locator("#stages .maps").nth(stage)
    box = button.bounding_box()
    button.click(position={"x": box["width"] * index[0], "y": box["height"] * index[1]})
    expect(page.locator(SAID)).not_to_be_empty()


def point(page: Page, place: str, rows: int, columns: int, row: int, column: int) -> None:
    framed = page.locator(place)
    framed.scroll_into_view_if_needed()
    box = framed.bounding_box()
    x, y = (column + 0.5) / columns, (row + 0.5) / rows
    framed.hover(position={"x": box["width"] * x, "y": box["height"] * y})


def test_a_click_on_a_map_slides_its_window_and_a_cell_tells_what_made_it(open_page, drawings):
    page = open_page("/models/lenet5/inside", reduced_motion="no-preference")
    open_map(page, drawings[7], 2, (0.9, 0.4))  # the second row's last of 6, of 16 maps
    expect(page.locator("#making [data-of=which]")).to_have_text("Map 12 of 16")
    wait_until(page, "() => document.querySelector('#made-of').ariaLive === 'off'")  # it slides
    wait_until(page, "() => document.querySelector('#made-of').ariaLive === 'polite'")
    point(page, MAP, 10, 10, 4, 3)
    frames = page.locator(INPUTS).evaluate(FRAME)
    assert frames.count("M") == 6  # a window in each map
    assert frames.startswith("M3 4h5v5")
    expect(page.locator(SAID)).to_contain_text("Row 5, column 4: ")
    numbers = page.locator(SAID).inner_text().replace("−", "-").split(": ")[1].split()
    shares = page.locator("#making .parts > li > p, #making .parts > li:last-child")
    parts = [float(text.split(": ")[1].replace("−", "-")) for text in shares.all_inner_texts()]
    assert len(parts) == 4
    assert sum(parts) == pytest.approx(float(numbers[0]), abs=0.003)
    point(page, INPUTS, 29, 44, 6, 7)  # in the first map
    expect(page.locator(SAID)).to_have_text("This cell goes into 25 cells of the map.")
    assert page.locator(MAP).evaluate(FRAME) == "M3 2h5v5h-5z"
    page.mouse.move(1, 1)
    expect(page.locator(SAID)).to_contain_text("Row 5, column 4: ")  # which had been chosen
    page.locator("#making [name=relu]").uncheck()
    page.locator("#making [data-do=close]").click()
    expect(page.locator("#making")).to_be_hidden()


def test_escape_closes_the_panel_and_keeps_the_drawing(open_page, drawings):
    page = open_page("/models/lenet5/inside")
    open_map(page, drawings[7], 0, (0.5, 0.5))
    button = page.locator("#stages .maps").first
    expect(button).to_have_accessible_description("ReLU")
    expect(button).to_have_attribute("aria-expanded", "true")
    page.locator("#making [name=map]").focus()
    page.keyboard.press("Escape")
    expect(page.locator("#making")).to_be_hidden()
    expect(button).to_be_focused()
    expect(page.locator("#insight")).to_be_visible()
    assert ink(page) > 0


def test_without_the_server_a_click_on_a_map_says_so(open_page, site, drawings):
    page = open_page("/models/lenet5/inside", expect_errors=True)
    draw(page, drawings[7])
    expect(page.locator("#stages .maps").first).to_be_visible()
    page.route("**/making.js", lambda route: route.abort())
    wait_until(  # the answer to the last lines may come in between
        page,
        """() => {
          document.querySelector("#stages .maps").click();
          return document.querySelector("#sentence").textContent.includes("can’t be reached");
        }""",
    )


def test_keys_choose_a_map_and_a_cell_and_the_next_drawing_is_followed(open_page, site, drawings):
    page = open_page("/models/cnn/inside")
    draw(page, drawings[7])
    page.locator("#stages .maps").first.press("Enter")
    expect(page.locator("#making [data-of=which]")).to_have_text("Map 1 of 10")
    page.locator("#making [name=map]").press("ArrowRight")
    expect(page.locator("#making [data-of=which]")).to_have_text("Map 2 of 10")
    expect(page.locator("#made-of")).to_contain_text("the largest is kept")
    page.locator(MAP).focus()
    for _ in range(24):
        page.keyboard.press("ArrowUp")
        page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowDown")
    expect(page.locator(SAID)).to_contain_text("Row 2, column 1: ")
    assert page.locator(INPUTS).evaluate(FRAME) == "M0 1h5v5h-5z"
    asked = site.requests.count(ASKED)
    draw(page, [np.array([(0.0, 0.0), (9.0, 9.0)])], at=(0.05, 0.05))
    deadline = time.monotonic() + 10
    while site.requests.count(ASKED) == asked:
        assert time.monotonic() < deadline
        page.wait_for_timeout(50)
    expect(page.locator(SAID)).to_contain_text("Row 2, column 1: ")  # of the new drawing
    page.locator("#clear").click()
    expect(page.locator("#making")).to_be_hidden()


@pytest.mark.parametrize(("model", "stage"), [("inkling", 2), ("rnn", 0), ("mlp", 0)])
def test_other_layers_say_what_can_be_said(open_page, drawings, model, stage):
    screen = PHONE if model == "inkling" else DESKTOP
    page = open_page(f"/models/{model}/inside", **screen)
    open_map(page, drawings[7], stage, (0.3, 0.7))
    said = {"inkling": "in several steps", "rnn": "rows up to here", "mlp": "ReLU makes it"}
    expect(page.locator(SAID)).to_contain_text(said[model])
    assert fits(page)
    if model == "inkling":
        page.locator(INPUTS).tap()  # the finger has left, and what it chose stays
        expect(page.locator(SAID)).to_contain_text("This cell goes into")
        check_both_schemes(page, "what made a map")


def test_numbers_stand_under_the_name_of_their_own_map_while_another_is_asked_for(
    open_page, drawings
):
    page = open_page("/models/lenet5/inside")
    open_map(page, drawings[7], 2, (0.1, 0.1))
    which = page.locator("#making [data-of=which]")
    expect(which).to_have_text("Map 1 of 16")
    held: list[Route] = []

    def is_ninth(request: Request) -> bool:
        return request.url.endswith(LENET) and request.post_data_json["index"] == 8

    def hold(route: Route) -> None:
        if is_ninth(route.request):
            held.append(route)
        else:  # the first map once more, of the whole drawing
            route.continue_()

    page.route(f"**{LENET}", hold)
    with page.expect_request(is_ninth):
        page.locator("#making [name=map]").fill("9")
    point(page, MAP, 10, 10, 4, 3)
    assert which.inner_text() == "Map 1 of 16"
    assert page.locator("#making [name=map]").input_value() == "9"
    held[0].continue_()
    expect(which).to_have_text("Map 9 of 16")


def test_processes_with_different_versions_are_not_asked_without_end(open_page, drawings):
    page = open_page("/models/lenet5/inside")
    answers = []

    def answer(route: Route) -> None:
        response = route.fetch()
        answers.append(response.json() | {"version": "another"})
        route.fulfill(response=response, json=answers[-1])

    page.route(f"**{LENET}", answer)
    open_map(page, drawings[7], 2, (0.1, 0.1))
    page.wait_for_load_state("networkidle", timeout=10_000)
    assert len(answers) <= 6  # the last lines may have been read in between


def test_a_version_that_lacks_the_map_closes_it_and_shows_its_own_stages(open_page, drawings):
    page = open_page("/models/lenet5/inside", expect_errors=True)
    open_map(page, drawings[7], 2, (0.1, 0.1))

    def explain(route: Route) -> None:
        response = route.fetch()
        told = response.json()
        route.fulfill(response=response, json=told | {"stages": told["stages"][:2]})

    page.route("**/api/v1/explain", explain)
    problem = {"code": "invalid_request", "status": 400}
    page.route(f"**{LENET}", lambda route: route.fulfill(status=400, json=problem))
    page.locator("#making [name=map]").fill("9")
    expect(page.locator("#making")).to_have_count(0)  # it went with its stage
    expect(page.locator("#stages > li")).to_have_count(2)
    page.unroute(f"**{LENET}")
    page.locator("#stages .maps").first.click()
    expect(page.locator("#making")).to_be_visible()


def test_where_a_stage_cannot_be_asked_about_there_are_no_numbers_of_another(open_page, drawings):
    page = open_page("/models/lenet5/inside", expect_errors=True)
    open_map(page, drawings[7], 2, (0.1, 0.1))
    problem = {"code": "internal_error", "status": 500}
    page.route(f"**{LENET}", lambda route: route.fulfill(status=500, json=problem))
    page.locator("#stages .maps").nth(1).click()
    expect(page.locator("#making [data-of=problem]")).not_to_be_empty()
    expect(
        page.locator(f"{SAID}, #making .pair, #making .slider").locator("visible=true")
    ).to_have_count(0)
    page.unroute(f"**{LENET}")
    page.locator("#stages .maps").nth(1).click()
    expect(page.locator(SAID)).to_contain_text("the largest is kept")
