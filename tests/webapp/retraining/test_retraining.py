"""What may be asked for, what is planned, how runs change hands, what the gate lets by."""

import itertools
import json
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from tests.conftest import installed
from webapp.retraining import runs
from webapp.retraining.command import plan_of
from webapp.retraining.gate import Compared, Comparison, Measured, judge
from webapp.retraining.options import RetrainingOptions
from webapp.retraining.progress import MOST_POINTS, Progress, Reader
from webapp.retraining.runs import BadState, Claim, LostRun
from webapp.storage.database import Database
from webapp.storage.tables import AuditEntry, Run, now

TOKEN = "a-token-for-scripts"
HEADERS = {"Authorization": f"Bearer {TOKEN}", "Accept": "application/json"}


@pytest.fixture
def app(settings):
    with installed(settings(admin_token=TOKEN)) as app:
        yield app


def asked(database: Database, **wishes: object) -> str:
    with database.writing() as session:
        return runs.ask(session, RetrainingOptions(**wishes), "test").id


def run_in(database: Database, identity: str) -> Run:
    with database.reading() as session:
        return session.get_one(Run, identity)


# What may be asked for


@pytest.mark.parametrize(
    ("wishes", "words"),
    [
        ({"data": []}, "hoose some data"),
        ({"data": ["mnist", "letters"]}, "letters"),
        ({"start": "scratch", "preset": "lenet"}, "no preset 'lenet'"),
        ({"start": "scratch", "preset": "refine"}, "no preset 'refine'"),
        ({"start": "scratch", "architecture": "vgg"}, "no architecture 'vgg'"),
        ({"preset": "lenet5"}, "from scratch alone"),
        ({"epochs": 0}, "epochs"),
        ({"learning_rate": 2}, "learning_rate"),
        ({"learning_rate": "fast"}, "learning_rate"),
        ({"speed": "high"}, "speed"),
    ],
)
def test_what_cannot_be_asked_for_is_refused_in_words(client, database, wishes, words):
    answer = client.post("/admin/retrain", json=wishes, headers=HEADERS)
    assert answer.status_code == 400
    assert words in answer.get_json()["detail"]
    with database.reading() as session:
        assert session.scalars(select(Run)).all() == []


def test_a_form_and_json_ask_for_the_same(client, database):
    wishes = {"start": "scratch", "preset": "lenet5", "epochs": 2, "learning_rate": 0.001}
    as_json = client.post(
        "/admin/retrain", json=wishes | {"data": ["mnist", "corrections"]}, headers=HEADERS
    )
    assert as_json.status_code == 202
    fields = {name: str(value) for name, value in wishes.items()} | {"seed": "", "all_data": ""}
    in_form = client.post(
        "/admin/retrain",
        data=fields | {"data": ["mnist", "corrections"]},
        headers={"Authorization": HEADERS["Authorization"]},
    )
    assert in_form.status_code == 302
    first, second = client.get("/admin/api/runs", headers=HEADERS).get_json()["runs"]
    assert in_form.headers["Location"] == f"/admin/runs/{first['id']}"
    assert first["wishes"] == second["wishes"]
    assert first["wishes"]["data"] == ["mnist", "corrections"]
    with database.reading() as session:
        noted = session.scalars(select(AuditEntry.what)).all()
    assert noted.count("asked for retraining") == 2


def test_the_page_to_ask_on_says_like_all_pages_what_is_kept(client):
    kept = "unless you tell what they are"
    assert kept in client.get("/").text
    assert kept in client.get("/admin/retrain", headers=HEADERS).text


def test_a_plain_form_takes_all_data_there_is(client):
    for fields in ({"all_data": "true", "data": ["mnist"], "preset": "inkling"}, {"epochs": "1"}):
        answer = client.post("/admin/retrain", data=fields, headers=HEADERS)
        assert answer.get_json()["wishes"]["data"] is None


# The plan


@pytest.fixture
def bare(tmp_path, monkeypatch) -> Path:
    """A machine without any data set."""
    monkeypatch.setenv("INKLING_DATA", str(tmp_path / "nothing"))
    return tmp_path


def options(command: list[str], name: str) -> list[str]:
    return [value for option, value in itertools.pairwise(command) if option == name]


def test_on_a_bare_machine_synthetic_strokes_are_replayed_and_what_lacks_is_named(bare):
    plan = plan_of(RetrainingOptions(), bare / "run", bare / "active", has_corrections=True)
    assert plan.used == ["scribbles", "synthetic", "corrections"]
    assert plan.lacked == ["mnist", "strokes", "letters"]
    assert plan.soft_targets
    assert options(plan.command, "--start-from") == [str(bare / "active")]
    assert options(plan.command, "--validate") == ["synthetic"]
    assert options(plan.command, "--test") == ["synthetic"]


def test_all_that_is_on_the_machine_is_replayed(mnist, pen_strokes, tmp_path):
    plan = plan_of(RetrainingOptions(), tmp_path, tmp_path, has_corrections=False)
    assert plan.used == ["mnist", "strokes", "letters", "scribbles"]
    assert plan.lacked == []
    assert options(plan.command, "--validate") == ["strokes"]


def test_what_is_named_is_taken_and_nothing_else_of_people(bare):
    wishes = RetrainingOptions(
        start="scratch", preset="lenet5", data=["mnist"], epochs=3, learning_rate=0.01, seed=7
    )
    plan = plan_of(wishes, bare / "run", bare, has_corrections=True)
    assert plan.used == ["mnist"]  # though it is not there: the trainer says so
    assert not plan.soft_targets
    for name, value in [("--preset", "lenet5"), ("--epochs", "3"), ("--seed", "7")]:
        assert options(plan.command, name) == [value]
    assert options(plan.command, "--learning-rate") == ["0.01"]


def test_the_corrections_alone_are_never_learned_without_replay(bare):
    plan = plan_of(RetrainingOptions(data=["corrections"]), bare, bare, has_corrections=True)
    assert plan.used == ["scribbles", "synthetic", "corrections"]


# Progress


def batch(epoch: int, pictures: int, epochs: int = 4) -> str:
    figures = {"epoch": epoch, "loss": 0.5, "accuracy": 0.9, "pictures": pictures}
    return json.dumps(figures | {"of_epochs": epochs, "of_pictures": 100})


def epoch_line(epoch: int) -> str:
    figures = {"epoch": epoch, "loss": 0.4, "accuracy": 0.9, "best": True, "learning_rate": 1e-3}
    return json.dumps(figures | {"validation_loss": 0.1, "validation_accuracy": 0.99})


def test_the_trainers_lines_tell_how_far_it_is():
    reader = Reader(Progress())
    reader.take(batch(1, 0))
    reader.take(batch(2, 50))
    assert reader.progress.stage == "training"
    assert reader.progress.share == pytest.approx(1.5 / 4)
    assert reader.progress.seconds_left is not None
    for epoch in (1, 2, 2):  # the second one again, after a resumption
        reader.take(epoch_line(epoch))
    assert [each.epoch for each in reader.progress.epochs] == [1, 2]
    for epoch in (3, 4):
        reader.take(epoch_line(epoch))
    assert (reader.progress.stage, reader.progress.share) == ("measuring", 1.0)


@given(st.text() | st.recursive(st.none() | st.floats() | st.text(), st.lists).map(json.dumps))
def test_a_line_that_is_no_figures_changes_nothing(line):
    reader = Reader(Progress())
    reader.take(line)
    assert reader.progress == Progress()


@given(st.integers(1, 3000))
def test_a_curve_never_outgrows_its_bound_and_keeps_its_ends(count):
    reader = Reader(Progress())
    for index in range(count):
        reader.take(batch(1, index, epochs=1))
    curve = reader.progress.curve
    assert len(curve) <= MOST_POINTS
    assert curve[0].epochs == 0
    assert [each.epochs for each in curve] == sorted(each.epochs for each in curve)
    assert curve[-1].epochs >= (count - 2) / 100


# The table of runs


def test_one_run_at_a_time_and_the_oldest_first(database):
    first, second = asked(database), asked(database)
    claim = Claim.next(database)
    assert claim is not None
    assert claim.run.id == first
    assert Claim.next(database) is None
    claim.end("done")
    after = Claim.next(database)
    assert after is not None
    assert after.run.id == second


def silence(database: Database, identity: str, by: timedelta) -> None:
    with database.writing() as session:
        session.execute(update(Run).where(Run.id == identity).values(heartbeat=now() - by))


def test_a_run_without_a_sign_of_life_is_lost_and_can_be_resumed(client, database):
    identity = asked(database)
    claim = Claim.next(database)
    assert claim is not None
    silence(database, identity, runs.LOST_AFTER - timedelta(seconds=5))
    url = f"/admin/api/runs/{identity}"
    assert client.get(url, headers=HEADERS).get_json()["state"] == "running"
    silence(database, identity, runs.LOST_AFTER + timedelta(seconds=1))
    assert client.get(url, headers=HEADERS).get_json()["state"] == "lost"
    with pytest.raises(LostRun):  # a worker that slept and woke must keep its hands off
        claim.beat(log="I am back")
    assert client.post(f"/admin/runs/{identity}/resume", headers=HEADERS).status_code == 200
    with pytest.raises(LostRun):
        claim.end("done")
    again = Claim.next(database)
    assert again is not None
    assert again.run.id == identity
    with pytest.raises(LostRun):
        claim.beat()
    assert again.beat(log="going on")
    assert run_in(database, identity).log == "going on"


def test_a_lost_run_makes_room_for_the_next(database):
    lost, next_one = asked(database), asked(database)
    assert Claim.next(database) is not None
    silence(database, lost, timedelta(minutes=1))
    claim = Claim.next(database)
    assert claim is not None
    assert claim.run.id == next_one
    assert run_in(database, lost).state == "lost"


@pytest.mark.parametrize("state", ["queued", "lost", "failed"])
def test_what_no_worker_has_is_cancelled_at_once(client, database, state):
    identity = asked(database)
    with database.writing() as session:
        session.execute(update(Run).values(state=state))
    answer = client.post(f"/admin/runs/{identity}/cancel", headers=HEADERS)
    assert answer.get_json()["state"] == "cancelled"
    assert Claim.next(database) is None
    for what in ("cancel", "resume"):
        refused = client.post(f"/admin/runs/{identity}/{what}", headers=HEADERS)
        assert refused.status_code == 409
        assert "cancelled" in refused.get_json()["detail"]


def test_a_running_one_is_told_to_end(client, database):
    identity = asked(database)
    claim = Claim.next(database)
    assert claim is not None
    assert claim.beat()
    answer = client.post(f"/admin/runs/{identity}/cancel", headers=HEADERS)
    assert answer.get_json()["cancelling"] is True
    assert not claim.beat()
    with database.writing() as session, pytest.raises(BadState):
        runs.resume(session, session.get_one(Run, identity), "test")


def test_a_run_that_is_none_is_404(client):
    for method, path in [("get", "/admin/api/runs/x"), ("post", "/admin/runs/x/cancel")]:
        assert client.open(path, method=method, headers=HEADERS).status_code == 404
    assert client.get("/admin/api/runs/x/events", headers=HEADERS).status_code == 404


def test_the_stream_tells_of_each_change_and_ends_with_the_run(client, database):
    identity = asked(database)
    answer = client.get(f"/admin/api/runs/{identity}/events", headers=HEADERS)
    assert answer.mimetype == "text/event-stream"
    events = (part for part in answer.response if part.startswith(b"event: run"))
    view = lambda: json.loads(next(events).partition(b"data: ")[2])  # noqa: E731
    assert view()["state"] == "queued"
    claim = Claim.next(database)
    assert claim is not None
    assert view()["state"] == "running"
    claim.beat(log="one line")
    assert view()["log"] == "one line"
    claim.end("failed", error="no luck")
    last = view()
    assert (last["state"], last["error"]) == ("failed", "no luck")
    assert next(events, None) is None


# The gate


def compared(data: str, before: float, after: float, pictures: int = 1000) -> Compared:
    return Compared(data, (Measured(pictures, before), Measured(pictures, after)))


def verdict(*sets: Compared, margin: float = 0.1):
    return judge(Comparison(("old", "new"), list(sets), []), margin)


def test_better_on_what_was_held_back_and_nowhere_worse_takes_over():
    found = verdict(compared("mnist", 0.9975, 0.9966), compared("corrections:x", 0.4, 0.8, 10))
    assert found.by_itself
    assert (found.judged_by, found.gain) == ("held back", 4.0)
    assert found.rows[1].data == "corrections"


def test_one_set_that_loses_more_than_the_margin_keeps_it_waiting():
    sets = compared("mnist", 0.9975, 0.9964), compared("corrections:x", 0.4, 0.8, 10)
    found = verdict(*sets)
    assert (found.by_itself, found.reason, found.worse) == (False, "worse", ["mnist"])
    assert verdict(*sets, margin=0.2).by_itself


def test_what_is_no_better_on_what_was_held_back_waits_though_all_else_is_better():
    found = verdict(compared("mnist", 0.9, 0.95), compared("corrections:x", 0.8, 0.8, 10))
    assert (found.by_itself, found.reason) == (False, "not better")


def test_where_nothing_was_held_back_all_sets_together_decide():
    better = verdict(compared("mnist", 0.99, 0.991), compared("synthetic", 0.99, 0.9895, 100))
    assert (better.by_itself, better.judged_by) == (True, "overall")
    assert not verdict(compared("mnist", 0.99, 0.9899)).by_itself
    assert verdict().reason == "nothing to compare"


def test_what_is_no_digit_counts_by_how_much_is_told_apart():
    others = Compared("letters", (Measured(100, rejected=0.95), Measured(100, rejected=0.9)))
    found = verdict(others)
    assert (found.rows[0].digits, found.reason) == (False, "worse")


@given(
    st.lists(st.tuples(st.integers(1, 50), st.integers(0, 50), st.integers(0, 50)), max_size=5),
    st.floats(0, 5),
)
def test_nothing_takes_over_that_loses_more_than_the_margin(counts, margin):
    sets = [
        compared(f"set{index}", min(before, n) / n, min(after, n) / n, n)
        for index, (n, before, after) in enumerate(counts)
    ]
    found = verdict(*sets, margin=margin)
    if found.by_itself:
        assert all(100 * (row.before - row.after) <= margin + 1e-6 for row in found.rows)
        assert sum(row.gain for row in found.rows) > 0
    assert msgspec.convert(msgspec.to_builtins(found), type(found)) == found
