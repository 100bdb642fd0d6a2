"""A version answers in the shadow: unseen, beside the active one, and only counted."""

import time
from datetime import timedelta
from types import SimpleNamespace

import msgspec
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from tests.conftest import installed
from tests.webapp.admin.test_admin import sign_in
from tests.webapp.version_files import spoil
from trainer.recognition.bundle import PRETRAINED, read_bundle
from trainer.recognition.recognizer import Recognizer
from webapp.app import create_app
from webapp.inference import shadow
from webapp.inference.shadow import AT_ONCE, STEP_READS_FOR, ShadowReader
from webapp.storage import shadows
from webapp.storage.shadows import KEPT, Shadow, ShadowCount
from webapp.storage.tables import AuditEntry, now

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


def test_one_that_never_ran_is_not_said_to_answer(client, ask, reader):
    start(client)
    assert sign_in(client).status_code == 302
    assert "no process has counted an answer of it yet" in client.get(PATH).text
    assert state(client)["counted"] is None
    reader.step()
    ask()
    reader.step()
    page = client.get(PATH).text  # which adds this process's counts
    assert "It answers unseen" in page
    assert "Answers last counted:" in page
    assert state(client)["counted"] is not None


def test_one_that_cannot_run_does_not_start(client, app, monkeypatch):
    def fail(*_: object) -> None:
        raise RuntimeError("an operator that is not there")

    monkeypatch.setattr(Recognizer, "logits", fail)
    refused = client.post(PATH, headers=HEADERS)
    assert refused.status_code == 409
    assert "cannot be run" in refused.text


def test_stop_ends_only_the_version_s_own_shadow(client, database):
    start(client)
    assert client.post("/admin/versions/none/shadow/stop", headers=HEADERS).status_code == 404
    assert client.post("/admin/versions/shipped/shadow/stop", headers=HEADERS).status_code == 200
    assert state(client)["is_on"]
    assert client.post(f"{PATH}/stop", headers=HEADERS).status_code == 200
    assert not state(client)["is_on"]
    with database.reading() as session:
        stopped = session.query(AuditEntry).filter_by(what="shadow stopped")
        assert [each.details["version"] for each in stopped] == [CANDIDATE]


def test_the_one_that_began_last_counts_whatever_a_clock_says(client, app, database, monkeypatch):
    versions = app.extensions["inkling"].versions
    other = versions.add(PRETRAINED / "cnn").card.version
    monkeypatch.setattr(shadows, "now", lambda: now() + timedelta(days=300))  # one host's clock
    assert client.post(f"/admin/versions/{other}/shadow", headers=HEADERS).status_code == 200
    monkeypatch.undo()
    start(client, hours=1)
    with database.reading() as session:
        assert shadows.on(session).version == CANDIDATE
    with database.writing() as session:
        session.add(Shadow(version=other, slot=1, started=now(), until=now()))
        with pytest.raises(IntegrityError):
            session.flush()
        session.rollback()


def test_one_that_is_on_is_kept_however_many_versions_are_added(client, app, monkeypatch):
    versions = app.extensions["inkling"].versions
    start(client)
    monkeypatch.setattr("webapp.storage.versions.KEPT", 1)
    for name in ("cnn", "cnn-wide"):
        versions.add(PRETRAINED / name)
    assert CANDIDATE in versions.cards()
    assert len(versions.cards()) == 2
    assert client.post(f"{PATH}/stop", headers=HEADERS).status_code == 200
    versions.add(PRETRAINED / "mlp")
    assert len(versions.cards()) == 1


def test_a_promotion_or_a_rollback_ends_the_version_s_shadow(client, app):
    versions = app.extensions["inkling"].versions
    start(client)
    versions.promote(CANDIDATE, "test")
    assert not state(client)["is_on"]
    assert client.post("/admin/versions/shipped/shadow", headers=HEADERS).status_code == 200
    versions.promote(CANDIDATE, "test")
    shipped = client.get("/admin/versions/shipped/shadow", headers=HEADERS)
    assert shipped.get_json()["is_on"]
    versions.roll_back("test")
    shipped = client.get("/admin/versions/shipped/shadow", headers=HEADERS)
    assert not shipped.get_json()["is_on"]


def test_it_is_loaded_again_where_that_failed_for_a_moment(client, app, ask, reader, monkeypatch):
    start(client)

    def away(_version: str) -> None:
        raise OSError("away")

    monkeypatch.setattr(app.extensions["inkling"].versions, "read", away)
    reader.step()
    monkeypatch.undo()
    later = SimpleNamespace(monotonic=lambda: time.monotonic() + 60)
    monkeypatch.setattr(shadow, "time", later)
    reader.step()
    ask()
    reader.step()
    monkeypatch.undo()
    assert state(client)["agreements"][0]["answers"] == 1


def test_one_that_fails_reads_no_more_and_what_was_counted_is_kept(
    client, ask, reader, monkeypatch, caplog
):
    start(client)
    reader.step()
    ask()
    ask()
    sound, read = reader._candidate.read_prepared, []

    def fail_at_the_second(prepared: object) -> object:
        read.append(prepared)
        if len(read) > 1:
            raise RuntimeError("out of memory")
        return sound(prepared)

    monkeypatch.setattr(reader._candidate, "read_prepared", fail_at_the_second)
    reader.finish()
    ask()
    reader.step()
    assert caplog.text.count("failed in the shadow: out of memory") == 1
    assert len(read) == 2
    assert state(client)["agreements"][0]["answers"] == 1


def test_a_large_version_reads_only_for_a_while_in_each_step(client, ask, reader, monkeypatch):
    start(client)
    reader.step()
    for _ in range(5):
        ask()
    sound, elapsed = reader._candidate.read_prepared, [0.0]

    def slowly(prepared: object) -> object:
        elapsed[0] += 0.6 * STEP_READS_FOR
        return sound(prepared)

    monkeypatch.setattr(reader._candidate, "read_prepared", slowly)
    monkeypatch.setattr(shadow, "time", SimpleNamespace(monotonic=lambda: elapsed[0]))
    reader.step()
    assert len(reader._waiting) == 3
    reader.finish()
    monkeypatch.undo()
    assert state(client)["agreements"][0]["answers"] == 5


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
            each = shadows.start(session, f"v{number}", timedelta(hours=1))
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
