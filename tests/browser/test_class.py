"""The class page: games for a projector."""

import numpy as np
from playwright.sync_api import expect

from tests.browser.conftest import Pointers, draw, fits
from trainer.data.rendering.numbers import compose_number


def test_the_class_guesses_first_and_a_tally_counts(open_page, site, drawings):
    page = open_page("/class")
    answer, done, tally = map(page.locator, ("#answer", "#done", "#tally"))
    expect(done).to_be_disabled()
    for digit, guess, counted in ((7, "7", "1 of 1"), (1, "4", "1 of 2")):
        draw(page, drawings[digit])
        expect(answer).to_have_text("?")
        expect(done).to_be_disabled()  # nobody has guessed
        page.locator(f"#guesses [value='{guess}']").click()
        done.click()
        expect(answer).to_have_text(str(digit))
        expect(tally).to_contain_text(counted)
        done.click()
        expect(answer).to_have_text("")
    assert page.locator("#tries li").all_inner_texts() == ["guessed 4, read 1", "guessed 7, read 7"]
    assert {each for each in site.requests if "api" in each} == {"/api/v1/predict"}


def test_the_challenge_ends_with_a_score_and_who_fools_the_model_sees_how(open_page, drawings):
    page = open_page("/class")
    done, tally, tries = map(page.locator, ("#done", "#tally", "#tries li"))
    page.locator("#game").select_option("challenge")
    draw(page, drawings[7])
    for digit in range(10):
        expect(page.locator("#task")).to_have_text(f"Write a {digit}.")
        done.click()
        if digit < 9:
            done.click()
            page.locator("#undo").click()  # the next round has cleared the sheet
    expect(tally).to_have_text("Read as written: 1 of 10.")
    expect(done).to_be_disabled()
    expect(tries).to_have_count(10)
    page.locator("#game").select_option("fool")
    expect(tries).to_have_count(0)
    draw(page, drawings[7])
    page.locator("#guesses [value='1']").click()
    done.click()
    expect(tally).to_have_text("Fooled: 1 of 1.")
    expect(tries).to_have_text("written 1, read 7")
    assert fits(page)


def test_who_writes_after_an_answer_begins_the_next_round(open_page, drawings):
    page = open_page("/class")
    answer, done = page.locator("#answer"), page.locator("#done")
    draw(page, drawings[7])
    for begin in (page.locator("#clear").click, lambda: Pointers(page).pen_line(0.9)):
        page.locator("#guesses [value='7']").click()
        done.click()
        expect(answer).to_have_text("7")
        begin()
        expect(done).to_have_text("Reveal")
        expect(page.locator("#guesses [aria-pressed='true']")).to_have_count(0)
        expect(answer).not_to_have_text("7")
        if not answer.inner_text():
            draw(page, drawings[7])
        expect(answer).to_have_text("?")
        expect(page.locator("#undo")).to_be_enabled()
    expect(page.locator("#tally")).to_have_text("Guessed right: 2 of 2.")


def test_score_and_tries_outlive_a_reload_and_are_told_in_each_language(open_page, drawings):
    page = open_page("/class")
    answer, done, tries = map(page.locator, ("#answer", "#done", "#tries li"))
    number = compose_number([drawings[4], drawings[0], drawings[7]], np.random.default_rng(1))
    for strokes, guess in ((drawings[7], "7"), (number, "")):
        draw(page, strokes, size=0.8)
        page.locator(f"#guesses [value='{guess}']").click()
        done.click()
        expect(page.locator("#tally")).to_be_visible()
        if guess:
            done.click()
    expect(page.locator("#sentence")).to_have_text("That looks like several digits.")
    told = ["guessed not a digit, read several digits", "guessed 7, read 7"]
    expect(tries).to_have_text(told)
    page.reload()
    expect(page.locator("#sentence")).to_have_text("That looks like several digits.")
    expect(tries).to_have_text(told)
    expect(page.locator("#tally")).to_have_text("Guessed right: 1 of 2.")
    done.click()
    draw(page, drawings[7])
    page.locator("#guesses [value='4']").click()
    page.get_by_role("link", name="简体中文").click()
    expect(page.locator("#guesses [value='4']")).to_have_attribute("aria-pressed", "true")
    expect(answer).to_have_text("?")
    expect(tries.first).to_contain_text("多个数字")
    expect(page.locator("#tally")).to_have_text("猜对：1 / 2。")
