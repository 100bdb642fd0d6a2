"""A version answers in the shadow: unseen, beside the active one, and only counted."""

from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import text

from tests.conftest import installed
from tests.webapp.admin.test_admin import sign_in
from tests.webapp.version_files import spoil
from trainer.recognition.bundle import PRETRAINED, read_bundle
from webapp.app import create_app
from webapp.inference import shadow
from webapp.inference.shadow import AT_ONCE, ShadowReader
from webapp.storage import shadows
from webapp.storage.shadows import KEPT, Shadow, ShadowCount
from webapp.storage.tables import now

TOKEN = "a-token-for-scripts"
HEADERS = {"Authorization": f"Bearer {TOKEN}"}
CANDIDATE = read_bundle(PRETRAINED / "lenet5").card.version
OURS = read_bundle(PRETRAINED / "inkling").card.version
PATH = f"/admin/versions/{CANDIDATE}/shadow"


@pytest.fixture
def chosen(settings):
    return settings(admin_token=TOKEN, admin_password="correct horse")


@pytest.fixture
def app(chosen):
    with installed(chosen) as app:
        app.extensions["inkling"].versions.add(PRETRAINED / "lenet5")
        yield app


@pytest.fixture
def reader(app) -> ShadowReader:
    return app.extensions["inkling"].shadow


@pytest.fixture
def ask(client, body):
    def ask(**fields: str) -> dict:
        answer = client.post("/api/v1/predict", json=msgspec.json.decode(body) | fields)
        assert answer.status_code == 200
        return answer.get_json()

    return ask


def start(client, **fields: object) -> dict:
    response = client.post(PATH, json=fields, headers=HEADERS)
    assert response.status_code == 200, response.text
    return response.get_json()


def state(client) -> dict:
    return client.get(PATH, headers=HEADERS).get_json()


def test_what_the_candidate_reads_is_counted_and_neither_shown_nor_kept(client, ask, reader):
    assert state(client)["agreements"] == []
    assert start(client, hours=1)["is_on"]
    reader.step()
    for fields in ({}, {}, {"model": "cnn"}, {"mode": "number"}):
        answer = ask(**fields)
        assert CANDIDATE not in str(answer)
    assert state(client)["agreements"] == []  # nothing was read while somebody waited
    reader.step()
    (agreement,) = state(client)["agreements"]
    assert agreement["version"] == OURS
    assert (agreement["answers"], agreement["same"]) == (3, 3)
    assert agreement["disagreements"] == []


def test_every_process_follows_and_a_restart_goes_on(client, ask, chosen, reader, body):
    start(client)
    other = create_app(chosen)  # as a process that starts later
    for app in (other, client.application):
        own = app.extensions["inkling"].shadow
        own.step()
        asked = app.test_client().post(
            "/api/v1/predict", data=body, content_type="application/json"
        )
        assert asked.status_code == 200
        own.step()
        own.flush()
    assert state(client)["agreements"][0]["answers"] == 2
    assert client.post(f"{PATH}/stop", headers=HEADERS).status_code == 200
    for own in (other.extensions["inkling"].shadow, reader):
        own.step()
        ask()
        own.step()
    assert not state(client)["is_on"]
    assert state(client)["agreements"][0]["answers"] == 2
    other.extensions["inkling"].database.engine.dispose()


def test_it_ends_by_itself_even_while_the_database_is_away(
    client, ask, reader, database, monkeypatch
):
    start(client, hours=1)
    reader.step()
    ask()
    reader.step()

    def away() -> None:
        raise OSError("away")

    monkeypatch.setattr(database, "reading", away)
    ask()
    reader.step()  # it goes on
    monkeypatch.setattr(shadow, "now", lambda: now() + timedelta(hours=1, seconds=1))
    ask()
    reader.step()
    monkeypatch.undo()
    assert state(client)["agreements"][0]["answers"] == 2


def test_a_prediction_waits_for_nothing_and_what_is_too_much_is_dropped(
    client, ask, reader, monkeypatch
):
    start(client)
    reader.step()
    monkeypatch.setattr(reader._candidate, "read_prepared", lambda _: pytest.fail("read at once"))
    for _ in range(AT_ONCE + 5):
        ask()
    assert len(reader._waiting) == AT_ONCE
    monkeypatch.undo()
    reader.step()
    assert state(client)["agreements"][0]["answers"] == AT_ONCE


def test_differences_are_told_on_its_page_before_it_is_promoted(client, reader, database):
    start(client)
    with database.writing() as session:
        (on,) = session.query(Shadow)
        pair = shadows.Pair(on.id, OURS, "7", "sure", "7", "sure")
        other = pair._replace(unseen="1", unseen_certainty="likely")
        none = pair._replace(shown="not_a_digit", shown_certainty="not_a_digit", unseen="4")
        shadows.add(session, {pair: 90, other: 8, none: 2})
        shadows.add(session, {pair: 10})
    assert sign_in(client).status_code == 302
    page = client.get(PATH).text
    assert "The same in 90.9 % of 110 answers; in 100.0 % of the 100" in page
    assert '<th scope="row">7</th><td>1</td><td>8</td>' in page
    assert '<th scope="row">not a digit</th><td>4</td><td>2</td>' in page
    assert f"/admin/versions/{CANDIDATE}/promote" in page
    assert PATH in client.get("/admin/versions").text


def test_only_a_sound_version_that_is_not_active_can_start(client, app, database):
    services = app.extensions["inkling"]
    for hours in (0, 673, "many"):
        assert client.post(PATH, json={"hours": hours}, headers=HEADERS).status_code == 400
    for version, status in ((OURS, 409), ("shipped", 409), ("none", 409)):
        path = f"/admin/versions/{version}/shadow"
        assert client.post(path, headers=HEADERS).status_code == status
    assert client.get("/admin/versions/none/shadow", headers=HEADERS).status_code == 404
    services.versions.promote(CANDIDATE, "test")
    assert client.post(PATH, headers=HEADERS).status_code == 409
    services.versions.roll_back("test")
    spoil(database, CANDIDATE)
    assert client.post(PATH, headers=HEADERS).status_code == 409


def test_a_version_that_is_promoted_or_spoiled_meanwhile_ends_nothing_but_the_counting(
    client, app, ask, reader, database, caplog
):
    start(client)
    spoil(database, CANDIDATE)
    reader.step()
    ask()
    reader.step()
    reader.step()
    assert caplog.text.count("version refused for the shadow") == 1
    assert state(client)["agreements"] == []


def test_shadows_are_bounded(client, database):
    with database.writing() as session:
        for number in range(KEPT + 3):
            each = shadows.start(session, f"v{number}", "test", timedelta(hours=1))
            shadows.add(session, {shadows.Pair(each.id, OURS, "7", "sure", "7", "sure"): 1})
        assert session.query(Shadow).count() == KEPT
        assert session.query(ShadowCount).count() == KEPT
        on = [each.version for each in session.query(Shadow) if each.is_on(now())]
        assert on == [f"v{KEPT + 2}"]


def test_a_database_that_is_not_upgraded_yet_stops_no_answer(client, ask, reader, database, caplog):
    with database.writing() as session:
        session.execute(text("DROP TABLE shadows"))
    ask()
    reader.step()
    reader.step()
    ask()
    assert caplog.text.count("the shadow cannot be followed") == 1
