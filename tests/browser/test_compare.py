"""The comparison page, and the inside page of a model."""

import shutil

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DESKTOP, answered, draw, fits
from trainer.data.rendering.canvas import RenderStyle, render
from trainer.data.rendering.numbers import compose_number
from trainer.recognition.bundle import PRETRAINED


@pytest.fixture
def another_model(tmp_path):
    """A second model: the same bundle under another name."""
    shutil.copytree(PRETRAINED / "inkling", tmp_path / "models" / "another")


def test_every_model_answers_one_drawing(another_model, open_page, screen, drawings):
    page = open_page("/compare", **screen)
    expect(page.locator("#sentence")).to_have_text("Draw a digit, or drop a picture here.")
    draw(page, drawings[7])
    for name in ("inkling", "another"):
        model = page.locator(f'[data-model="{name}"]')
        expect(model.locator(".digit")).to_have_text("7")
        expect(model.locator(".share")).to_contain_text("%")
        best = model.locator('[data-digit="7"]')
        expect(best).to_have_class("best")
        assert float(best.get_attribute("data-probability")) > 0.5
        expect(model.locator("h2 a")).to_have_attribute("href", f"/models/{name}")
    expect(page.locator("#sentence")).to_contain_text("models agree.")
    page.locator("#clear").click()
    expect(page.locator('[data-model="another"] .digit')).to_have_text("")
    expect(page.locator("#sentence")).to_have_text("Draw a digit, or drop a picture here.")
    assert fits(page)


def test_what_most_models_read_is_the_answer_they_agree_on(site, open_page, drawings):
    page = open_page("/compare")

    def answer(route) -> None:
        response = route.fetch()
        prediction = response.json()
        first, *others = prediction["models"]
        first |= {"digit": 2, "is_digit": False}
        for each in others:
            each |= {"digit": 8, "is_digit": True}
        route.fulfill(response=response, json=prediction)

    page.route("**/api/v1/predict", answer)
    draw(page, drawings[7])
    expect(page.locator("#sentence")).to_have_text("6 of 7 models agree. They read an 8.")
    rejecting = page.locator('[data-model="inkling"]')
    expect(rejecting).to_have_class("differs")
    expect(rejecting.locator(".reading")).to_have_text("not a digit", use_inner_text=True)
    expect(rejecting.locator(".best")).to_have_count(0)
    expect(page.locator(".answers .differs")).to_have_count(1)
    page.unroute_all(behavior="ignoreErrors")


@pytest.mark.parametrize("has_scripts", [True, False])
def test_several_digits_are_said_to_be_several(open_page, drawings, encode, has_scripts):
    number = compose_number([drawings[digit] for digit in (4, 0, 7)], np.random.default_rng(1))
    picture = encode(render(number, RenderStyle(side=560, size=0.8, pen=11)))
    page = open_page("/compare", java_script_enabled=has_scripts)
    file = {"name": "407.png", "mimeType": "image/png", "buffer": picture}
    page.locator("#upload").set_input_files(file)
    if not has_scripts:
        page.get_by_role("button", name="Read it").click()
    expect(page.locator("#sentence")).to_have_text("That looks like several digits.")


def test_the_drawing_is_preserved_from_page_to_page(open_page, drawings):
    page = open_page()
    draw(page, drawings[7])
    answered(page, 7)
    page.get_by_role("link", name="Compare").click()
    expect(page.locator('[data-model="inkling"] .digit')).to_have_text("7")
    page.get_by_role("link", name="Draw").click()
    answered(page, 7)


def test_without_scripts_it_is_an_upload_form(another_model, open_page, tmp_path, seven, encode):
    (tmp_path / "seven.png").write_bytes(encode(seven))
    page = open_page("/compare", java_script_enabled=False, **DESKTOP)
    page.set_input_files("#upload", tmp_path / "seven.png")
    page.get_by_role("button", name="Read it").click()
    expect(page.locator('[data-model="another"] .digit')).to_have_text("7")
    expect(page.locator("#sentence")).to_contain_text("models agree.")


def test_a_file_that_is_not_a_picture_is_explained_here_too(open_page, tmp_path):
    (tmp_path / "text.png").write_text("hello")
    page = open_page("/compare", expect_errors=True)
    page.set_input_files("#upload", tmp_path / "text.png")
    expect(page.locator("#sentence")).to_contain_text("not a picture we can read")


def test_a_drawing_is_shown_at_each_layer_of_a_model(open_page, screen, drawings):
    page = open_page("/models/inkling", **screen)
    page.get_by_role("link", name="See inside").click()
    page.wait_for_url("**/inside", wait_until="load")  # scripts have to be there to draw
    expect(page.locator("#insight")).to_be_hidden()
    draw(page, drawings[7])
    expect(page.locator("#sentence")).to_contain_text("a 7")
    expect(page.locator("#stages li")).to_have_count(6)
    expect(page.locator("#stages li").nth(2)).to_contain_text("Residual 40 × 14 × 14")
    widths = page.locator("#insight img").evaluate_all("all => all.map((img) => img.naturalWidth)")
    assert len(widths) == 8
    assert min(widths) > 0
    page.locator("#clear").click()
    expect(page.locator("#insight")).to_be_hidden()
    assert fits(page)
