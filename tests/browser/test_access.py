"""Accessibility: screen readers, keyboard use, reduced motion."""

from datetime import timedelta

import msgspec
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.conftest import DESKTOP, PHONE, answered, draw, fits, sign_in, wait_until
from tests.webapp.retraining.test_gate import RECORDED
from trainer.recognition.bundle import Epoch
from webapp.retraining import runs
from webapp.retraining.gate import Comparison, judge
from webapp.retraining.options import RetrainingOptions
from webapp.retraining.progress import Progress, stored
from webapp.storage import answer_counts, imports, shadows
from webapp.storage.answer_counts import Counted, Kind
from webapp.storage.shadows import Pair
from webapp.storage.tables import now

PATHS = [
    "/",
    "/compare",
    "/class",
    "/models",
    "/models/inkling",
    "/about",
    "/api/docs",
    "/no-such-page",
]
CONTRAST = """axe.run({ resultTypes: ["violations"], runOnly: ["color-contrast"] })
  .then(({ violations }) => violations)"""


def check(page, path):
    """Run axe on the page in its light colors."""
    page.emulate_media(color_scheme="light", reduced_motion="reduce")  # colors change at once
    results = Axe().run(page)
    assert results.violations_count == 0, f"{path}: {results.generate_report()}"


def check_both_schemes(page, path):
    """Run axe on the page; then, for its dark colors, the rule that depends on colors."""
    check(page, path)
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    violations = page.evaluate(CONTRAST)  # by the axe that is there already
    assert violations == [], f"{path}, dark"


def check_on(screen, page, path):
    """The same; the dark colors of a phone are those of a desktop."""
    (check if screen is PHONE else check_both_schemes)(page, path)


@pytest.mark.parametrize(
    ("screen", "locale"), [(DESKTOP, "en-US"), (PHONE, "zh-CN")], ids=["desktop", "phone"]
)
def test_axe_finds_no_violations(open_page, site, screen, locale):
    page = open_page(expect_errors=True, locale=locale, **screen)
    for path in PATHS:
        page.goto(site.url + path)
        check_on(screen, page, path)


def test_axe_finds_no_violations_with_an_answer_or_the_shortcuts_shown(open_page, screen, drawings):
    page = open_page(**screen)
    draw(page, drawings[7])
    answered(page, 7)
    check_on(screen, page, "an answer")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    check_on(screen, page, "the shortcuts")


def test_a_screen_reader_announces_the_sentence_once_and_reads_the_bars(open_page, drawings):
    page = open_page()
    spoken = page.locator("#spoken")
    expect(spoken).to_have_attribute("aria-live", "polite")
    draw(page, drawings[7])
    answered(page, 7)
    assert spoken.inner_text() != page.locator("#sentence").inner_text()  # not at every stroke
    expect(spoken).to_have_text(page.locator("#sentence").inner_text(), timeout=3000)
    row = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name="7", exact=True))
    expect(row).to_contain_text("%")
    assert page.get_by_role("table", name="Probability of each digit").count() == 1


def test_every_control_is_reachable_by_keyboard_and_shows_focus(open_page, drawings):
    page = open_page()
    draw(page, drawings[7])
    answered(page, 7)
    page.locator("body").click(position={"x": 5, "y": 5})
    reached = []
    for _ in range(40):  # the page has fewer
        page.keyboard.press("Tab")
        focused = page.evaluate(
            """() => {
            const element = document.activeElement;
            const shown = element.id === "upload" ? element.nextElementSibling : element;
            return [element.id, getComputedStyle(shown).outlineStyle, shown.offsetHeight];
            }"""
        )
        if focused[0]:
            assert focused[1] != "none", f"{focused[0]} shows no focus"
            reached.append(focused[0])
    assert {"theme", "undo", "clear", "pen", "upload", "model", "show-keys"} <= set(reached)


def test_a_key_opens_the_list_of_shortcuts_and_another_closes_it(open_page):
    page = open_page()
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#keys")).to_be_hidden()


def test_u_opens_the_file_chooser(open_page):
    page = open_page()
    choosers = []
    page.on("filechooser", lambda chooser: choosers.append(chooser))  # noqa: PLW0108
    for _ in range(20):  # browsers open a file chooser only after user activation
        page.keyboard.press("u")
        page.wait_for_timeout(100)
        if choosers:
            return
    pytest.fail("U opens no file chooser")


def test_the_focus_moves_on_when_what_has_it_goes(open_page, drawings):
    page = open_page()
    draw(page, drawings[1])
    answered(page, 1)

    def press(control: str, key: str = "Enter") -> str:
        page.locator(control).focus()
        page.keyboard.press(key)
        page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
        return page.evaluate("document.activeElement.id || document.activeElement.tagName")

    assert press("#undo") == "redo"  # nothing is left to undo
    assert press("#redo") == "clear"
    answered(page, 1)
    page.locator("#right").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#take-back")).to_be_focused()  # the choices are gone
    page.keyboard.press("Enter")
    expect(page.locator("#right")).to_be_visible()
    assert page.evaluate("document.activeElement.closest('#truths') !== null")
    page.evaluate("document.activeElement.dispatchEvent(new Event('blur'))")
    page.locator("#clear").click()
    wait_until(page, "() => document.activeElement !== document.body")


def test_a_status_is_shown_before_it_is_filled(open_page, drawings):
    """Screen readers tell of changes to what they know already."""
    page = open_page()
    page.evaluate(
        """() => {
        const status = document.querySelector("#thanks [role=status]");
        window.told = [];
        new MutationObserver((all) => told.push(...all.map(({ target, attributeName }) =>
          attributeName ? `hidden: ${target.hidden}` : target.textContent)))
          .observe(thanks, { subtree: true, childList: true, attributeFilter: ["hidden"] });
        }"""
    )
    draw(page, drawings[7])
    answered(page, 7)
    page.locator("#right").click()
    expect(page.locator("#thanks")).to_contain_text("Saved as a 7")
    told = list(dict.fromkeys(each for each in page.evaluate("told") if each))
    shown = told.index("hidden: false")
    assert told[shown + 1 :] == ["Saved as a 7. Thank you!"]
    assert "Saved as a 7. Thank you!" not in told[:shown]


def test_forced_colors_mark_the_current_page_and_the_chosen_digit(open_page, drawings):
    page = open_page(forced_colors="active")
    draw(page, drawings[7])
    answered(page, 7)
    style = "(each, name) => getComputedStyle(each)[name]"
    here, elsewhere = page.locator("nav [aria-current]"), page.locator("nav a:not([aria-current])")
    assert here.evaluate(style, "borderBottomStyle") == "solid"
    assert elsewhere.first.evaluate(style, "borderBottomStyle") == "none"
    fills = page.locator("#bars rect").evaluate_all(
        "all => all.map((e) => getComputedStyle(e).fill)"
    )
    assert fills[7] != fills[1]
    chosen = page.locator("#truths [value='7']:not(#right)")
    assert chosen.evaluate(style, "outlineStyle") == "solid"
    assert page.locator("#truths [value='1']").evaluate(style, "outlineStyle") == "none"


def test_targets_are_large_enough_for_a_finger(open_page, screen):
    page = open_page(**screen)
    small = page.evaluate(
        """() => [...document.querySelectorAll("button, select, .button, header a")]
          .filter((element) => {
            const { width, height } = element.getBoundingClientRect();
            return width && height && (width < 24 || height < 44);
          })
          .map((element) => element.id || element.textContent.trim())"""
    )
    assert small == []


def test_reduced_motion_disables_all_transitions(open_page):
    page = open_page()
    moving = page.evaluate(
        """() => [...document.querySelectorAll("*")]
          .filter((element) => getComputedStyle(element).transitionDuration !== "0s")
          .map((element) => element.tagName)"""
    )
    assert moving == []


def test_axe_finds_no_violations_on_the_admin_pages(site, open_page, screen):
    with site.database.writing() as session:
        waiting = runs.enqueue(session, RetrainingOptions(), "test").id
        judged = runs.enqueue(session, RetrainingOptions(), "test")
        recorded = (RECORDED / "slightly-refined.json").read_bytes()
        verdict = judge(msgspec.json.decode(recorded, type=Comparison), 0.25)
        judged.state, judged.verdict = "done", msgspec.to_builtins(verdict)
        judged.version = verdict.after
        progress = Progress(used=["synthetic"], missing=["mnist"], distillation=True)
        progress.epochs = [
            Epoch(
                epoch=1,
                loss=0.5,
                accuracy=0.9,
                validation_loss=0.1,
                validation_accuracy=0.99,
                best=True,
            )
        ]
        judged.progress = stored(progress)
        failed = runs.enqueue(session, RetrainingOptions(epochs=2), "test")
        failed.state, failed.error = "failed", "No space left on device: " + "/a/long/path" * 9
        kinds = {Kind(now().date(), "0a1b2c3d4e5f", str(each), "sure"): 90 for each in range(7)}
        answer_counts.add(session, {kind: Counted(n, n) for kind, n in kinds.items()})
        shadow = shadows.start(session, "shipped", timedelta(hours=1))
        shadows.add(session, {Pair(shadow.id, "0a1b2c3d4e5f", "7", "sure", "1", "sure"): 3})
    imports.add(site.database, "test", "drawings.zip").begin()
    imports.add(site.database, "test", "a-long-name" * 9).fail("bad_import", "line 17: " + "x" * 99)
    page = open_page("/admin/login", **screen)
    sign_in(page)
    paths = [
        "",
        "review",
        "drawings/delete",
        "versions",
        "versions/shipped/shadow",
        "drift",
        "retrain",
        *(f"runs/{each}" for each in (waiting, judged.id, failed.id)),
    ]
    for path in [f"/admin/{each}" for each in paths] + ["/models/inkling/inside"]:
        page.goto(site.url + path)
        page.evaluate("document.querySelectorAll('details').forEach((each) => (each.open = true))")
        check_on(screen, page, path)
        assert fits(page), path
