"""What a run's page says about its verdict, and what it offers."""

import msgspec
import pytest
from flask import Flask

from tests.conftest import installed
from tests.webapp.retraining.test_gate import RECORDED
from trainer.recognition.bundle import PRETRAINED, read_bundle
from webapp.retraining import runs
from webapp.retraining.gate import Comparison, judge
from webapp.retraining.options import RetrainingOptions
from webapp.settings import Settings
from webapp.storage.tables import RunStatus

HEADERS = {"Authorization": "Bearer a-token-for-scripts"}


@pytest.fixture(scope="module")
def app(tmp_path_factory) -> Flask:
    home = str(tmp_path_factory.mktemp("home"))
    with installed(Settings(home=home, admin_token="a-token-for-scripts")) as app:
        yield app


def page(app: Flask, recorded: str, language: str = "en") -> tuple[str, str]:
    """The page of a run that ended with a recorded comparison, and the list of runs."""
    content = (RECORDED / f"{recorded}.json").read_bytes()
    recorded_verdict = judge(msgspec.json.decode(content, type=Comparison), 0.25)
    shipped = read_bundle(PRETRAINED / "inkling").card.version
    verdict = msgspec.structs.replace(recorded_verdict, before=shipped)
    progress = {"stage": "ended", "took": {"preparing": 9.6, "training": 20.2, "comparing": 7}}
    with app.extensions["inkling"].database.writing() as session:
        run = runs.enqueue(session, RetrainingOptions(), "test")
        run.state, run.version, run.progress = RunStatus.DONE, verdict.after, progress
        run.verdict = msgspec.to_builtins(verdict)
        identity = run.id
    client, headers = app.test_client(), HEADERS | {"Accept-Language": language}
    shown = client.get(f"/admin/runs/{identity}", headers=headers).text
    return " ".join(shown.split()), client.get("/admin/retrain", headers=headers).text


def test_what_the_samples_leave_open_is_left_to_a_person_with_all_figures(app):
    shown, listed = page(app, "slightly-refined")
    assert "is waiting for your decision" in shown
    assert "may be chance" in shown or "too few to tell" in shown
    assert "Promote cef997493d56" in shown
    assert "−0.13 to +0.10" in shown  # the interval of strokes
    assert "unknown" in shown  # that of the corrections of four writers
    assert "with 95 % certainty" in shown
    assert "waiting for your decision" in listed


def test_what_is_certainly_worse_is_refused_and_not_offered(app):
    shown, listed = page(app, "lenet5")
    assert "was refused: it is certainly worse on " in shown
    assert "Promote d4e9cb68644b" not in shown
    assert ">refused<" in listed


def test_the_page_says_what_the_time_went_to_in_both_languages(app):
    shown, _listed = page(app, "lenet5")
    assert "Time: preparing the data 10 s, training 20 s, comparing 7 s" in shown
    assert "准备数据 10 秒" in page(app, "lenet5", "zh-CN")[0]
