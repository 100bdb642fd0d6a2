"""A run's page follows the run, by server-sent events or by polling."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import sign_in
from trainer.recognition.bundle import Epoch
from webapp.retraining import runs
from webapp.retraining.options import RetrainingOptions
from webapp.retraining.progress import Point, Progress, stored
from webapp.retraining.runs import claim_next
from webapp.storage.tables import RunStatus


@pytest.mark.parametrize("way", ["events", "asking"])
def test_the_page_follows_a_run_and_shows_its_result(site, open_page, way):
    with site.database.writing() as session:
        run = runs.enqueue(session, RetrainingOptions(), "test").id
    page = open_page("/admin/login", expect_errors=True)
    if way == "asking":
        page.route("**/events", lambda route: route.abort())
    sign_in(page)
    page.goto(f"{site.url}/admin/runs/{run}")
    expect(page.locator("#stage")).to_contain_text("Waiting for a worker")
    claim = claim_next(site.database)
    assert claim
    progress = Progress(stage="preparing", used=["synthetic"])
    claim.heartbeat(progress=stored(progress))
    expect(page.locator("#stage")).to_have_text("Preparing the data…", timeout=20_000)
    expect(page.get_by_text("Training data: synthetic.")).to_be_visible(timeout=20_000)

    progress.stage, progress.share, progress.seconds_left = "training", 0.25, 30.0
    progress.of_epochs = 2
    progress.curve = [Point(0.0, 2.0, 0.1), Point(0.5, 1.0, 0.5)]
    claim.heartbeat(progress=stored(progress), log="8,493 pictures")
    expect(page.locator("#stage")).to_have_text("Training…", timeout=20_000)
    expect(page.locator("#left")).to_have_text("30 s left")
    assert page.locator("#bar").evaluate("(bar) => bar.value") == 0.25
    expect(page.locator("#loss canvas")).to_be_visible()
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
    claim.heartbeat(progress=stored(progress))
    expect(page.locator("#epochs tr")).to_have_count(1, timeout=20_000)
    assert "8,493 pictures" in page.locator("#log").text_content()

    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#stage")).to_have_text("Cancelling…")
    assert not claim.heartbeat()
    claim.release(RunStatus.CANCELLED)
    expect(page.get_by_text("This run was cancelled.")).to_be_visible(timeout=20_000)


def test_without_scripts_the_page_shows_progress_and_can_cancel(site, open_page):
    with site.database.writing() as session:
        run = runs.enqueue(session, RetrainingOptions(), "test").id
    page = open_page("/admin/login", java_script_enabled=False)
    sign_in(page)
    page.goto(f"{site.url}/admin/runs/{run}")
    expect(page.locator("#stage")).to_contain_text("Waiting for a worker")
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("This run was cancelled.")).to_be_visible()
    page.goto(f"{site.url}/admin/retrain")
    page.get_by_label("Epochs").fill("2")
    page.get_by_role("button", name="Retrain").click()
    expect(page.get_by_text("epochs: 2")).to_be_visible()
