"""The table of runs is the queue: claims, heartbeats, lost runs, cancelling."""

import json
from datetime import timedelta
from threading import Thread

import pytest
from sqlalchemy import update

from tests.conftest import installed
from webapp.retraining import runs
from webapp.retraining.claim import LostRun
from webapp.retraining.options import RetrainingOptions
from webapp.retraining.runs import BadState, claim_next
from webapp.storage.database import Database
from webapp.storage.liveness import LOST_AFTER
from webapp.storage.tables import Run, RunStatus, now

TOKEN = "a-token-for-scripts"
HEADERS = {"Authorization": f"Bearer {TOKEN}", "Accept": "application/json"}


@pytest.fixture
def app(settings):
    with installed(settings(admin_token=TOKEN)) as app:
        yield app


def asked(database: Database, **options: object) -> str:
    with database.writing() as session:
        return runs.enqueue(session, RetrainingOptions(**options), "test").id


def run_in(database: Database, identity: str) -> Run:
    with database.reading() as session:
        return session.get_one(Run, identity)


def test_one_run_at_a_time_is_claimed_and_the_oldest_first(database):
    first, second = asked(database), asked(database)
    claim = claim_next(database)
    assert claim is not None
    assert claim.run.id == first
    assert claim_next(database) is None
    claim.release(RunStatus.DONE)
    after = claim_next(database)
    assert after is not None
    assert after.run.id == second


def silence(database: Database, identity: str, by: timedelta) -> None:
    with database.writing() as session:
        session.execute(update(Run).where(Run.id == identity).values(heartbeat=now() - by))


def test_a_run_without_a_heartbeat_is_lost_and_can_be_resumed(client, database):
    identity = asked(database)
    claim = claim_next(database)
    assert claim is not None
    silence(database, identity, LOST_AFTER - timedelta(seconds=5))
    url = f"/admin/api/runs/{identity}"
    assert client.get(url, headers=HEADERS).get_json()["state"] == "running"
    silence(database, identity, LOST_AFTER + timedelta(seconds=1))
    assert client.get(url, headers=HEADERS).get_json()["state"] == "lost"
    with pytest.raises(LostRun):  # a worker that slept and woke must keep its hands off
        claim.heartbeat(log="I am back")
    assert client.post(f"/admin/runs/{identity}/resume", headers=HEADERS).status_code == 200
    with pytest.raises(LostRun):
        claim.release(RunStatus.DONE)
    again = claim_next(database)
    assert again is not None
    assert again.run.id == identity
    with pytest.raises(LostRun):
        claim.heartbeat()
    assert again.heartbeat(log="going on")
    assert run_in(database, identity).log == "going on"


def test_a_run_that_never_had_a_heartbeat_is_lost_too(client, database):
    identity = asked(database)
    with database.writing() as session:
        created = now() - timedelta(minutes=1)
        values = {"state": RunStatus.RUNNING, "slot": 1, "created": created, "heartbeat": None}
        session.execute(update(Run).values(values))
    url = f"/admin/api/runs/{identity}"
    assert client.get(url, headers=HEADERS).get_json()["state"] == "lost"
    assert run_in(database, identity).ended == created
    with database.writing() as session:
        session.execute(update(Run).values(values))
        runs.mark_lost(session)
    assert run_in(database, identity).state == RunStatus.LOST


def test_two_workers_never_claim_the_same_run(database):
    for _ in range(6):
        asked(database)
    claimed: list[str] = []

    def work() -> None:
        for _ in range(20):
            if claim := claim_next(database):
                claimed.append(claim.run.id)
                claim.release(RunStatus.DONE)

    workers = [Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(claimed) == len(set(claimed)) == 6


def test_the_next_run_can_be_claimed_after_one_is_lost(database):
    lost, next_one = asked(database), asked(database)
    assert claim_next(database) is not None
    silence(database, lost, timedelta(minutes=1))
    claim = claim_next(database)
    assert claim is not None
    assert claim.run.id == next_one
    assert run_in(database, lost).state == "lost"


@pytest.mark.parametrize("state", ["queued", "lost", "failed"])
def test_a_run_that_no_worker_has_claimed_is_cancelled_at_once(client, database, state):
    identity = asked(database)
    with database.writing() as session:
        session.execute(update(Run).values(state=state))
    answer = client.post(f"/admin/runs/{identity}/cancel", headers=HEADERS)
    assert answer.get_json()["state"] == "cancelled"
    assert claim_next(database) is None
    for what in ("cancel", "resume"):
        refused = client.post(f"/admin/runs/{identity}/{what}", headers=HEADERS)
        assert refused.status_code == 409
        assert "cancelled" in refused.get_json()["detail"]


def test_a_running_run_is_asked_to_stop(client, database):
    identity = asked(database)
    claim = claim_next(database)
    assert claim is not None
    assert claim.heartbeat()
    answer = client.post(f"/admin/runs/{identity}/cancel", headers=HEADERS)
    assert answer.get_json()["cancelling"] is True
    assert not claim.heartbeat()
    with database.writing() as session, pytest.raises(BadState):
        runs.resume(session, session.get_one(Run, identity), "test")


def test_an_unknown_run_is_404(client):
    for method, path in [("get", "/admin/api/runs/x"), ("post", "/admin/runs/x/cancel")]:
        assert client.open(path, method=method, headers=HEADERS).status_code == 404
    assert client.get("/admin/api/runs/x/events", headers=HEADERS).status_code == 404


def test_the_event_stream_sends_each_change_and_ends_with_the_run(client, database):
    identity = asked(database)
    answer = client.get(f"/admin/api/runs/{identity}/events", headers=HEADERS)
    assert answer.mimetype == "text/event-stream"
    events = (part for part in answer.response if part.startswith(b"event: run"))
    view = lambda: json.loads(next(events).partition(b"data: ")[2])  # noqa: E731
    assert view()["state"] == "queued"
    claim = claim_next(database)
    assert claim is not None
    assert view()["state"] == "running"
    claim.heartbeat(log="one line")
    assert view()["log"] == "one line"
    claim.release(RunStatus.FAILED, error="no luck")
    last = view()
    assert (last["state"], last["error"]) == ("failed", "no luck")
    assert next(events, None) is None
