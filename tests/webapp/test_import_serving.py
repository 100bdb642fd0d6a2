"""A large import on the real gunicorn holds nobody up, and leaves nothing if its worker dies."""

import gzip
import json
import os
import signal
import time
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from tests.webapp.test_serving import JSON, Server, running, until
from webapp.storage.database import Database
from webapp.storage.liveness import LOST_AFTER
from webapp.storage.tables import Drawing, Import, now
from webapp.storage.visibility import UNFINISHED_TOO

TOKEN = "a-token-for-scripts"
BEARER = {"Authorization": f"Bearer {TOKEN}", "Accept": "application/json"}
DRAWINGS = 1_500


@pytest.fixture
def server(tmp_path):
    with running(Server(tmp_path, INKLING_WORKERS="1", INKLING_ADMIN_TOKEN=TOKEN)) as server:
        yield server


def upload(server: Server, content: bytes) -> tuple[int, bytes]:
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="s.jsonl.gz"\r\n\r\n'
    body = head + content + b"\r\n--x--\r\n"
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    return server.get("/admin/drawings", body, **kind, **BEARER)


def many_drawings() -> bytes:
    """Sevens of different shapes."""
    lines = (
        {"label": "7", "writer": "a", "strokes": [[[n % 60, 1], [90, n // 60], [50, 150]]]}
        for n in range(DRAWINGS)
    )
    return gzip.compress(b"".join(json.dumps(line).encode() + b"\n" for line in lines))


def status(server: Server, identity: str) -> dict[str, object]:
    return json.loads(server.get(f"/admin/api/imports/{identity}", **BEARER)[1])


def all_rows(home: Path) -> int:
    with Database(f"sqlite:///{home / 'inkling.db'}").reading() as session:
        count = select(func.count()).select_from(Drawing)
        return session.scalar(count, execution_options=UNFINISHED_TOO)


def test_requests_and_corrections_go_on_beside_an_import(server, body):
    """Counted: requests of both kinds are answered again and again before the import has ended."""
    started = upload(server, many_drawings())
    assert started[0] == 202, started
    identity = json.loads(started[1])["id"]
    answered = 0
    while status(server, identity)["state"] == "running":
        assert server.get("/healthz")[0] == 200
        predicted = json.loads(server.get("/api/v1/predict", body, **JSON)[1])
        correction = {"prediction_id": predicted["prediction_id"], "label": "7"}
        feedback = server.get("/api/v1/feedback", json.dumps(correction).encode(), **JSON)
        assert feedback[0] in {200, 201}, feedback
        answered += 1
    assert answered >= 2  # where they were held up, one was answered at the import's end
    found = status(server, identity)
    assert found["state"] == "done", found
    assert found["kept"] + found["known"] == DRAWINGS


def test_a_killed_worker_leaves_no_half_import(server, tmp_path):
    started = upload(server, many_drawings())
    assert started[0] == 202, started
    identity = json.loads(started[1])["id"]
    until(lambda: all_rows(tmp_path) > 0, server)
    (worker,) = server.workers()
    os.kill(worker, signal.SIGKILL)
    until(lambda: server.workers() not in ({worker}, set()), server)
    server.wait_until_ready()
    with Database(f"sqlite:///{tmp_path / 'inkling.db'}").writing() as session:
        session.execute(update(Import).values(heartbeat=now() - 2 * LOST_AFTER))  # as time will
    assert status(server, identity)["state"] == "lost"
    assert server.get("/admin/", **BEARER)[0] == 200  # whoever looks next
    until(lambda: all_rows(tmp_path) == 0, server)


def test_a_stopping_server_ends_an_import_and_leaves_nothing(server, tmp_path):
    started = upload(server, many_drawings())
    assert started[0] == 202, started
    until(lambda: all_rows(tmp_path) > 0, server)
    began = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - began < 30
    again = Server(tmp_path, INKLING_WORKERS="1", INKLING_ADMIN_TOKEN=TOKEN, log="again.log")
    try:
        again.wait_until_ready()
        identity = json.loads(started[1])["id"]
        until(lambda: status(again, identity)["state"] in {"failed", "lost"}, again)
        again.get("/admin/", **BEARER)
        until(lambda: all_rows(tmp_path) == 0, again)
    finally:
        again.stop()
