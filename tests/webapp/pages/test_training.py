"""The live training of chapter 4: who may begin one, watch it and cancel it."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import update

from tests.conftest import installed
from tests.webapp.admin.test_admin import PASSWORD, sign_in
from webapp.http import events as events_module
from webapp.limits import LESSONS
from webapp.pages.training_text import words
from webapp.retraining import lessons, runs
from webapp.retraining.lesson_progress import LessonProgress, stored
from webapp.settings import Settings, SettingsError
from webapp.storage.database import DatabaseUnavailable
from webapp.storage.lessons import Lesson
from webapp.storage.tables import RunStatus, now
from webapp.threads import Overloaded

TOKENS = ("blue-whale-2026", "red-fox-2026-11")
PATH = "/learn/training"


@pytest.fixture
def app(tmp_path):
    tokens = " ".join(TOKENS)
    given = Settings(home=str(tmp_path), class_tokens=tokens, admin_password=PASSWORD, rate_limit=0)
    with installed(given) as app:
        yield app


class Browser:
    def __init__(self, app, token=""):
        self.client = app.test_client()
        if token:
            assert self.join(token).status_code == 200

    def part(self):
        return self.client.get(PATH)

    def post(self, path, body=None):
        csrf = re.search(r'data-csrf="([^"]+)"', self.part().text)[1]
        return self.client.post(PATH + path, json=body or {}, headers={"X-CSRF-Token": csrf})

    def join(self, token):
        return self.post("/join", {"token": token})

    def begin(self, mistake="none"):
        return self.post("/lesson", {"mistake": mistake})

    def lesson(self):
        return self.client.get(f"{PATH}/lesson").get_json()["lesson"]


def test_a_class_begins_one_lesson_watches_it_together_and_its_starter_cancels_it(app):
    starter, other = Browser(app, TOKENS[0]), Browser(app, f" {TOKENS[0]}\n")
    elsewhere = Browser(app, TOKENS[1])
    assert starter.lesson() is None
    assert starter.begin("no-eval").status_code == 202
    refused = other.begin()
    assert (refused.status_code, refused.get_json()["code"]) == (409, "lesson_under_way")
    seen, own = other.lesson(), starter.lesson()
    assert (seen["id"], seen["mistake"], seen["is_mine"]) == (own["id"], "no-eval", False)
    assert own["is_mine"]
    assert elsewhere.lesson() is None
    cancel = f"/lesson/{own['id']}/cancel"
    assert elsewhere.post(cancel).status_code == 404
    assert other.post(cancel).get_json()["code"] == "not_yours"
    assert starter.post(cancel).get_json()["lesson"]["state"] == "cancelled"
    assert other.begin().status_code == 202


def test_events_tell_of_a_lesson_until_it_has_ended(app, database):
    browser = Browser(app, TOKENS[0])
    browser.begin()
    claim = lessons.claim_next(database)
    progress = LessonProgress(steps=50, steps_per_epoch=25)
    progress.take('{"step":0,"loss":null,"accuracy":null,"validation_loss":2.3,'
                  '"validation_accuracy":0.1,"layer":null}')  # fmt: skip
    claim.heartbeat(progress=stored(progress))
    answer = browser.client.get(f"{PATH}/lesson/events")
    assert answer.mimetype == "text/event-stream"
    events = iter(answer.response)
    assert next(events) == b"retry: 1000\n\n"
    event = next(events)
    assert event.startswith(b'event: lesson\ndata: {"lesson":{')
    assert b'"state":"running"' in event
    assert b'"validation_accuracy":0.1' in event
    claim.release(RunStatus.DONE, live=None)
    assert b'"state":"done"' in next(events)
    assert list(events) == []


def test_whoever_finds_no_place_among_those_who_watch_asks_instead(app, monkeypatch):
    watchers = app.extensions["inkling"].limits.watchers
    monkeypatch.setattr(watchers, "_most_of_client", 1)
    one, other = Browser(app, TOKENS[0]), Browser(app, TOKENS[0])
    assert one.begin().status_code == 202
    stream = one.client.get(f"{PATH}/lesson/events")
    refused = other.client.get(f"{PATH}/lesson/events")
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "60")
    assert other.lesson()["state"] == "queued"
    stream.close()
    other.client.get(f"{PATH}/lesson/events").close()
    assert watchers.take("127.0.0.1")  # all places were given back


def test_places_are_given_back_where_the_database_is_away(app, monkeypatch):
    watchers = app.extensions["inkling"].limits.watchers
    monkeypatch.setattr(watchers, "_most_of_client", 1)
    browser = Browser(app, TOKENS[0])
    assert browser.begin().status_code == 202

    def fail(*_: object) -> None:
        raise DatabaseUnavailable("away")

    with monkeypatch.context() as away:
        away.setattr("webapp.pages.training._state", fail)
        for _ in range(3):
            assert browser.client.get(f"{PATH}/lesson/events").status_code == 503
    stream = browser.client.get(f"{PATH}/lesson/events")
    assert stream.status_code == 200
    stream.close()


def test_events_go_on_when_no_thread_was_free_for_a_look(app, database, monkeypatch):
    browser = Browser(app, TOKENS[0])
    browser.begin()
    events = iter(browser.client.get(f"{PATH}/lesson/events").response)
    next(events), next(events)
    look = events_module.in_thread
    refusals = iter([Overloaded("no thread was free in time")])

    def in_thread(lane, function):
        for refusal in refusals:
            raise refusal
        return look(lane, function)

    monkeypatch.setattr(events_module, "in_thread", in_thread)
    lessons.claim_next(database).release(RunStatus.DONE, live=None)
    assert b'"state":"done"' in next(events)


def test_who_has_no_token_neither_begins_nor_watches(app):
    browser = Browser(app)
    assert "Token of your class" in browser.part().text
    assert "Train it now" not in browser.part().text
    for path in ("/lesson", "/lesson/events"):
        assert browser.client.get(PATH + path).status_code == 403
    assert browser.begin().status_code == 403
    assert browser.client.post(f"{PATH}/lesson", json={"mistake": "none"}).status_code == 400


def test_wrong_tokens_are_counted_and_a_right_one_is_not(app):
    browser = Browser(app)
    csrf = re.search(r'data-csrf="([^"]+)"', browser.part().text)[1]

    def join(token):
        answer = browser.client.post(
            f"{PATH}/join", json={"token": token}, headers={"X-CSRF-Token": csrf}
        )
        return answer.status_code

    assert {join("no token of ours") for _ in range(60)} == {403}
    assert join("no token of ours") == join(TOKENS[0]) == 429


def test_a_token_that_was_taken_away_ends_its_sessions(app, tmp_path):
    browser = Browser(app, TOKENS[0])
    cookie = browser.client.get_cookie("session").value
    with installed(Settings(home=str(tmp_path), class_tokens=TOKENS[1], rate_limit=0)) as later:
        client = later.test_client()
        client.set_cookie("session", cookie)
        assert client.get(f"{PATH}/lesson").status_code == 403


def test_a_class_begins_so_many_an_hour(app, database):
    browser = Browser(app, TOKENS[0])
    for _ in range(LESSONS):
        assert browser.begin().status_code == 202
        with database.writing() as session:
            session.execute(update(Lesson).values(state=RunStatus.DONE, live=None, ended=now()))
    refused = browser.begin()
    assert (refused.status_code, refused.get_json()["code"]) == (429, "too_many_lessons")
    assert 3000 < int(refused.headers["Retry-After"]) <= 3600
    assert browser.lesson()["state"] == "done"  # nothing was added
    assert Browser(app, TOKENS[1]).begin().status_code == 202


def test_an_unknown_mistake_is_refused(app):
    assert Browser(app, TOKENS[0]).begin("../mlp").status_code == 400


def test_the_administrator_trains_without_a_class_until_signed_out(tmp_path):
    given = Settings(home=str(tmp_path), admin_password=PASSWORD, rate_limit=0)
    with installed(given) as app:
        browser = Browser(app)
        assert browser.part().status_code == 404
        assert 'data-do="live"' not in browser.client.get("/learn").text
        sign_in(browser.client)
        assert 'data-do="live"' in browser.client.get("/learn").text
        assert browser.begin().status_code == 202
        assert browser.lesson()["is_mine"]
        browser.client.set_cookie("session", "")
        assert browser.client.get(f"{PATH}/lesson").status_code == 403


def test_neither_runs_nor_versions_know_of_a_lesson(app, database):
    client = Browser(app, TOKENS[0])
    client.begin()
    lessons.claim_next(database).release(RunStatus.DONE, live=None)
    assert runs.newest(database, 10) == []
    assert runs.claim_next(database) is None


def test_each_state_and_code_has_its_sentence(app):
    with app.test_request_context():
        states = words()["states"]
    assert {*RunStatus, "worker", "retraining", "lesson", "starting", "cancelling"} <= set(states)
    assert {"no_torch", "no_data", "too_long", "failed", "lost", "expired"} <= set(states)


def test_the_page_says_when_no_worker_comes(app, database):
    browser = Browser(app, TOKENS[0])
    browser.begin()
    assert browser.lesson()["waits_for"] == ""
    with database.writing() as session:
        session.execute(update(Lesson).values(created=now() - timedelta(seconds=20)))
    assert browser.lesson()["waits_for"] == "worker"


@pytest.mark.parametrize(
    "tokens", ["short", "x" * 101, " ".join(f"token-{n:06}" for n in range(51))]
)
def test_tokens_that_are_easily_guessed_or_too_many_are_refused(tokens):
    with pytest.raises(SettingsError, match="tokens of 12 to 100 characters"):
        Settings.from_environment({"INKLING_CLASS_TOKENS": tokens})
