"""The class page: games for a projector."""

from playwright.sync_api import expect

from tests.browser.conftest import draw, fits


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
