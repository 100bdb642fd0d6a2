"""Answers are counted by day and version, without slowing any, and compared with the test."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from sqlalchemy import inspect, text

from tests.conftest import installed
from tests.webapp.inference.test_drift import like_the_test
from webapp.inference.answers import AnswerCounts
from webapp.storage import answer_counts
from webapp.storage.answer_counts import KEPT_DAYS, Counted, Kind
from webapp.storage.database import Database
from webapp.storage.tables import now

TOKEN = "a-token-for-scripts"
HEADERS = {"Authorization": f"Bearer {TOKEN}"}
TODAY = datetime(2027, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def app(settings):
    with installed(settings(admin_token=TOKEN)) as app:
        yield app


def counts_of(database: Database) -> dict[Kind, Counted]:
    with database.reading() as session:
        return answer_counts.since(session, TODAY.date() - timedelta(days=1000))


def page(client) -> str:
    response = client.get("/admin/drift", headers=HEADERS)
    assert response.status_code == 200
    return response.get_data(as_text=True)


@pytest.fixture
def answered(app, client, body):
    """What a watcher is told of an answer."""
    told = []
    app.extensions["inkling"].models.watchers.append(lambda *answer: told.append(answer))
    client.post("/api/v1/predict", data=body, content_type="application/json")
    return told[0]


def test_each_answer_of_the_default_model_counts_once(app, client, body, database):
    def ask(path: str, **fields: str) -> None:
        sent = msgspec.json.decode(body) | fields
        assert client.post(path, json=sent).status_code == 200

    assert "No answers have been counted yet" in page(client)
    ask("/api/v1/predict")
    ask("/api/v1/predict", model="all")
    ask("/api/v1/predict", model="lenet5")
    assert "on the data set “strokes”" in page(client)
    ((kind, counted),) = counts_of(database).items()
    version = app.extensions["inkling"].models.get().card.version
    assert kind == Kind(now().date(), version, "7", "sure")
    assert counted == Counted(2, 2)
    assert {each["name"] for each in inspect(database.engine).get_columns("answer_counts")} == {
        "day", "version", "reading", "certainty", "answers", "confident"
    }  # fmt: skip


def test_what_processes_add_at_once_adds_up(settings, answered, database):
    processes = [AnswerCounts(Database(database.url), lambda: TODAY) for _ in range(4)]

    def work(counts: AnswerCounts) -> None:
        for _ in range(5):
            for _ in range(20):
                counts.count(*answered)
            counts.flush()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(work, processes))
    for counts in processes:
        counts.flush()
        counts._tally._database.engine.dispose()
    (counted,) = counts_of(database).values()
    assert counted.answers == 400


def test_answers_are_kept_while_the_database_is_away_and_then_counted_once(
    tmp_path, answered, database, caplog
):
    impatient = Database(database.url, patience=0.05)
    counts = AnswerCounts(impatient, lambda: TODAY)
    with database.writing() as session:
        session.execute(text("UPDATE alembic_version SET version_num = version_num"))
        if not database.is_local:
            session.execute(text("LOCK TABLE answer_counts"))
        for _ in range(3):
            counts.count(*answered)
            counts.flush()
    assert counts_of(database) == {}
    assert caplog.text.count("counts are kept in memory for now") == 1
    counts.flush()
    counts.flush()
    (counted,) = counts_of(database).values()
    assert counted.answers == 3
    impatient.engine.dispose()


def test_days_that_are_long_ago_are_deleted(answered, database):
    for days, left in ((KEPT_DAYS + 1, 1), (KEPT_DAYS, 2), (0, 2)):
        then = TODAY - timedelta(days=days)
        counts = AnswerCounts(database, lambda then=then: then)
        counts.count(*answered)
        counts.flush()
        assert len(counts_of(database)) == left


def test_a_departure_is_told(app, client, database):
    version = app.extensions["inkling"].models.get().card.version

    def add(reading: str, certainty: str, answers: int, confident: int) -> None:
        kind = Kind(now().date(), version, reading, certainty)
        with database.writing() as session:
            answer_counts.add(session, {kind: Counted(answers, confident)})

    seen = like_the_test(2000)
    for digit, count in enumerate(seen.digits):
        add(str(digit), "sure", count, count)
    assert "The last 7 days do not depart" in page(client)
    add("not_a_digit", "not_a_digit", 400, 0)
    add("number", "likely", 77, 0)
    english = page(client)
    assert "what is not a digit departs from that of the test" in english
    assert "The digits depart" not in english
    assert "<td>77</td>" in english
