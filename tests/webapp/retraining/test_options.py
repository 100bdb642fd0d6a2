"""The options of a retraining, by form and by JSON."""

import pytest
from sqlalchemy import select

from tests.conftest import installed
from webapp.settings import Settings
from webapp.storage.tables import AuditEntry, Run

TOKEN = "a-token-for-scripts"
HEADERS = {"Authorization": f"Bearer {TOKEN}", "Accept": "application/json"}


@pytest.fixture
def app(tmp_path):
    with installed(Settings(home=str(tmp_path), admin_token=TOKEN)) as app:
        yield app


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"data": []}, "hoose at least one data set"),
        ({"data": ["mnist", "letters"]}, "letters"),
        ({"start": "scratch", "preset": "lenet"}, "no preset 'lenet'"),
        ({"start": "scratch", "preset": "refine"}, "no preset 'refine'"),
        ({"start": "scratch", "preset": "inkling-finetune"}, "no preset 'inkling-finetune'"),
        ({"start": "scratch", "architecture": "vgg"}, "no architecture 'vgg'"),
        ({"preset": "lenet5"}, "only to training from scratch"),
        ({"epochs": 0}, "epochs"),
        ({"learning_rate": 2}, "learning_rate"),
        ({"learning_rate": "fast"}, "learning_rate"),
        ({"speed": "high"}, "speed"),
    ],
)
def test_invalid_options_are_refused_with_a_reason(client, database, options, words):
    answer = client.post("/admin/retrain", json=options, headers=HEADERS)
    assert answer.status_code == 400
    assert words in answer.get_json()["detail"]
    with database.reading() as session:
        assert session.scalars(select(Run)).all() == []


def test_a_form_and_json_request_the_same_run(client, database):
    options = {"start": "scratch", "preset": "lenet5", "epochs": 2, "learning_rate": 0.001}
    as_json = client.post(
        "/admin/retrain", json=options | {"data": ["mnist", "corrections"]}, headers=HEADERS
    )
    assert as_json.status_code == 202
    fields = {name: str(value) for name, value in options.items()} | {"seed": "", "all_data": ""}
    in_form = client.post(
        "/admin/retrain",
        data=fields | {"data": ["mnist", "corrections"]},
        headers={"Authorization": HEADERS["Authorization"]},
    )
    assert in_form.status_code == 202
    first, second = client.get("/admin/api/runs", headers=HEADERS).get_json()["runs"]
    assert in_form.get_json()["id"] == first["id"]
    assert first["options"] == second["options"]
    assert first["options"]["data"] == ["mnist", "corrections"]
    with database.reading() as session:
        noted = session.scalars(select(AuditEntry.what)).all()
    assert noted.count("asked for retraining") == 2


def test_the_footer_of_the_retraining_page_says_what_is_stored(client):
    stored = "not stored unless you label them"
    assert stored in client.get("/").text
    assert stored in client.get("/admin/retrain", headers=HEADERS).text


def test_a_plain_form_uses_all_available_data(client):
    for fields in ({"all_data": "true", "data": ["mnist"], "preset": "inkling"}, {"epochs": "1"}):
        answer = client.post("/admin/retrain", data=fields, headers=HEADERS)
        assert answer.get_json()["options"]["data"] is None
