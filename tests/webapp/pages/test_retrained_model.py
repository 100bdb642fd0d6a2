"""The page of a version that was retrained on the site, which no test set has measured."""

import msgspec
import pytest
from sqlalchemy.exc import OperationalError

from tests.conftest import installed
from tests.webapp.retraining.test_gate import RECORDED
from trainer.recognition.bundle import PRETRAINED, read_bundle, read_weights, write_bundle
from webapp.app import create_app
from webapp.pages import models
from webapp.retraining import runs
from webapp.retraining.gate import Comparison, judge
from webapp.retraining.options import RetrainingOptions
from webapp.settings import Settings
from webapp.storage.tables import RunStatus


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    """A site whose active version was retrained there."""
    home = tmp_path_factory.mktemp("home")
    bundle = read_bundle(PRETRAINED / "cnn")
    card = msgspec.structs.replace(bundle.card, evaluations=[], rejections=[])
    write_bundle(home / "retrained", card, bundle.model, read_weights(bundle))
    with installed(Settings(home=str(home), rate_limit=0)) as app:
        versions = app.extensions["inkling"].versions
        versions.promote(versions.add(home / "retrained").card.version, "test")
        yield app


@pytest.fixture(scope="module")
def verdict(app):
    """The gate's comparison of that version, as its run has stored it."""
    recorded = (RECORDED / "slightly-refined.json").read_bytes()
    found = judge(msgspec.json.decode(recorded, type=Comparison), 0.25)
    version = app.extensions["inkling"].models.get().card.version
    with app.extensions["inkling"].database.writing() as session:
        run = runs.enqueue(session, RetrainingOptions(), "test")
        run.state, run.version, run.verdict = RunStatus.DONE, version, msgspec.to_builtins(found)
    return found


def test_the_list_says_why_it_has_no_figures(app):
    page = app.test_client().get("/models").text
    assert "the model’s page shows what the gate measured" in page
    assert page.count("<td>–</td>") == 2


def test_its_page_without_a_run_says_that_no_test_set_has_measured_it(app):
    page = app.test_client().get("/models/inkling").text
    assert "No test set has measured this version" in page
    assert 'id="gate"' not in page
    assert "Training loss" in page


def test_its_page_shows_what_the_gate_measured(app, verdict):
    page = app.test_client().get("/models/inkling").text
    table = page.split('id="gate"')[1].split("</table>")[0]
    assert table.count("<tr>") == 1 + len(verdict.rows)
    for row in verdict.rows:
        assert f"<td>{100 * row.before:.2f} %</td><td>{100 * row.after:.2f} %</td>" in table


def test_its_page_does_without_the_database(app, verdict, monkeypatch):
    def away(*_):
        raise OperationalError("", {}, OSError())

    monkeypatch.setattr(models, "verdict_on", away)
    response = app.test_client().get("/models/inkling")
    assert response.status_code == 200
    assert 'id="gate"' not in response.text


def test_models_with_test_figures_have_no_such_note(tmp_path):
    client = create_app(Settings(home=str(tmp_path), rate_limit=0)).test_client()
    assert "what the gate measured" not in client.get("/models").text
    assert "No test set" not in client.get("/models/inkling").text
