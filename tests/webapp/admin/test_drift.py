"""Answers are counted by day and version, slowing none, and compared with those of before."""

from base64 import b64encode
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from threading import Event, Timer

import msgspec
import numpy as np
import pytest
from sqlalchemy import inspect, text

from tests.conftest import installed
from trainer.data.rendering.canvas import RenderStyle, render
from trainer.data.rendering.numbers import compose_number
from trainer.recognition.strokes import draw_plain
from webapp.app import create_app
from webapp.inference.answers import CONFIDENT, AnswerCounts, reading_of
from webapp.inference.tally import Tally
from webapp.settings import Settings
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
        return answer_counts.between(session, date.min, date.max)


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


def test_a_number_that_is_refused_as_one_digit_counts_as_a_number(
    client, drawings, encode, database
):
    strokes = compose_number([drawings[digit] for digit in (4, 0, 7)], np.random.default_rng(1))
    picture = encode(render(strokes, RenderStyle(side=560, size=0.8, pen=11)))
    sent = {"image": "data:image/png;base64," + b64encode(picture).decode()}
    assert client.post("/api/v1/predict", json=sent).get_json()["several_digits"]
    assert ">1</td></tr>" in page(client)
    (kind,) = counts_of(database)
    assert kind.reading == "number"


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
    assert caplog.text.count("counts of answers are kept in memory for now") == 1
    counts.flush()
    counts.flush()
    (counted,) = counts_of(database).values()
    assert counted.answers == 3
    impatient.engine.dispose()


def test_what_was_counted_while_a_thread_adds_counts_is_added_before_the_process_ends(
    app, database
):
    began, go = Event(), Event()
    added: Counter[str] = Counter()

    def write(_session: object, counts: Mapping[str, int]) -> None:
        began.set()
        assert go.wait(20)
        added.update(counts)

    tally = Tally("answers", database, write)
    tally.count("7")
    with ThreadPoolExecutor(1) as thread:
        adding = thread.submit(tally.flush)
        assert began.wait(20)
        tally.count("7")
        tally.flush()  # in between nobody waits
        Timer(0.05, go.set).start()
        tally.flush(20)
        adding.result()
    assert added == {"7": 2}


def test_the_oldest_days_are_deleted_and_none_because_a_clock_is_wrong(answered, database):
    days = [TODAY.date() - timedelta(days=each) for each in range(KEPT_DAYS)]
    with database.writing() as session:
        kinds = {Kind(day, "v", "7", "sure"): Counted(1, 1) for day in days}
        answer_counts.add(session, kinds)
    for wrong in (datetime(2037, 1, 1, tzinfo=UTC), datetime(1970, 1, 1, tzinfo=UTC)):
        counts = AnswerCounts(database, lambda wrong=wrong: wrong)
        counts.count(*answered)
        counts.flush()
    kept = {kind.day for kind in counts_of(database)}
    assert kept == {date(2037, 1, 1), *days[:-1]}


@pytest.fixture(scope="module")
def growing(tmp_path_factory, drawings, encode) -> dict[int, list[tuple[Kind, Counted]]]:
    """What is answered while each of ten drawings grows."""
    app = create_app(Settings(home=str(tmp_path_factory.mktemp("none")), rate_limit=0))
    told = []
    app.extensions["inkling"].models.watchers = [
        lambda number, _, several: told.append((number, several))
    ]
    ask = app.test_client().post
    found = {}
    for label, strokes in drawings.items():
        points = sum(map(len, strokes))
        told.clear()
        for share in (0.2, 0.4, 0.6, 0.8, 1.0):
            picture = draw_plain(first_points(strokes, round(share * points)))
            sent = {"image": "data:image/png;base64," + b64encode(encode(picture)).decode()}
            ask("/api/v1/predict", json=sent)
        found[label] = [
            (
                Kind(date.min, "", reading_of(number, several), number.certainty),
                Counted(1, int(number.confidence >= CONFIDENT)),
            )
            for number, several in told
        ]
    return found


def first_points(strokes, count: int):
    kept = []
    for line in strokes:
        kept.append(line[:count])
        count -= len(line)
        if count <= 0:
            break
    return kept


@pytest.fixture
def add(app, database):
    """Count answers of the active version, or of another one."""
    active = app.extensions["inkling"].models.get().card.version

    def add(ago: int, answers: list[tuple[Kind, Counted]], times: int, version: str = "") -> None:
        counts: dict[Kind, Counted] = {}
        for kind, n in answers:
            own = kind._replace(day=now().date() - timedelta(ago), version=version or active)
            so_far = counts.get(own, Counted(0, 0))
            counts[own] = Counted(
                so_far.answers + times * n.answers, so_far.confident + times * n.confident
            )
        with database.writing() as session:
            answer_counts.add(session, counts)

    return add


def one(reading: str, certainty: str = "sure") -> tuple[Kind, Counted]:
    return Kind(date.min, "", reading, certainty), Counted(1, int(certainty == "sure"))


def test_growing_drawings_depart_only_from_a_time_with_other_drawings(client, growing, add):
    usual = [each for label in growing for each in growing[label]]
    add(0, usual, 40)
    assert "There is nothing yet with which to compare the last 7 days" in page(client)
    for ago in range(7, 13):
        add(ago, usual, 40)
    assert "There is nothing yet with which to compare" in page(client)
    add(50, usual, 40)
    usually = page(client)
    assert "No departure of the last 7 days from the 90 days before is seen" in usually
    assert "<strong>" not in usually
    assert "Several versions" not in usually
    add(1, growing[1] + growing[7], 800)
    assert "The digits of the last 7 days depart from those of the 90 days before" in page(client)


def test_each_aspect_is_told_by_itself_and_the_future_is_left_out(client, add):
    digits = [one(str(each)) for each in range(10)]
    for ago in range(7, 14):
        add(ago, digits, 50)
    add(-1, [one("1")], 100_000)  # by a host whose clock is wrong
    add(0, digits, 49)
    assert "Fewer than 500 answers in the last 7 days" in page(client)
    add(0, [one("not_a_digit", "not_a_digit")], 400)
    add(0, [one("number", "likely")], 77)
    told = page(client)
    assert "The share of what is not a digit in the last 7 days departs" in told
    assert "Too few answers are digits (fewer than 500)" in told
    assert "<td>77</td>" in told
    add(0, digits, 1)
    told = page(client)
    assert "Too few" not in told
    assert "The digits of" not in told
    add(0, digits, 1, version="0123456789ab")
    assert "Several versions answered in this time" in page(client)


def test_each_version_s_test_is_said_to_be_whose_it_is(client, app, add):
    add(0, [one("7")], 1)
    told = page(client)
    assert "Its test is that on the data set “strokes”" in told
    assert "it has finished digits, while half-drawn ones count here too" in told
    add(0, [one("7")], 1, version="0123456789ab")
    assert "Its card is no longer here, or cannot be read" in page(client)
