"""The worker as a process: it trains, and loses nothing when it is stopped or killed."""

import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from datetime import timedelta
from pathlib import Path

import msgspec
import numpy as np
import psutil
import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import installed, new_database
from tests.webapp.admin.test_admin import imported
from tests.webapp.test_serving import Server, running
from trainer.data.datasets import synthetic
from trainer.recognition.bundle import PRETRAINED
from webapp.inference.versions import Versions
from webapp.settings import Settings
from webapp.storage import liveness, run_files
from webapp.storage.database import Database

TOKEN = "a-token-for-scripts"
HEADERS = {"Authorization": f"Bearer {TOKEN}", "Accept": "application/json"}
JSON = {"Content-Type": "application/json"}
PATIENCE = 400.0
"""Seconds for what takes a few on an idle machine."""


AT_USUAL_PRIORITY = """
import os, sys
from webapp.retraining import low_priority
low_priority._LOWEST = 0
os.sched_setscheduler = lambda *_: None
low_priority.main(sys.argv[1:])
"""

SMALL_TRAINER = """
import importlib, sys
from trainer import export
from trainer.data.datasets import scribbles, synthetic
from trainer.data.samples import Split
from trainer.evaluation import gate_numbers
from trainer.training import available_data
small = {Split.VALIDATION: 200, Split.TEST: 100}
for data_set in (scribbles, synthetic):
    data_set._DEFAULT_SIZES.update(small)
    data_set._GATE_SIZE = 100
gate_numbers.COUNT = 12
export._FEW_NUMBERS = 10
export._RANGE_IMAGES = 150
available_data._CORRECTIONS_SIZE = 480
available_data._REPLAY_WITHOUT_DATA = ("synthetic:240", "scribbles:40")
retrain = importlib.import_module("trainer.cli.retrain")
read_options = retrain.read_options
def read_fewer(file):
    options = read_options(file)
    if "refine" in str(file):
        options["data"] = ["mnist:800", "strokes:320", "letters:120", "scribbles:80"]
    return options
retrain.read_options = read_fewer
from trainer.cli import main
main(prog_name="trainer")
"""
"""The trainer with data sets of a tenth of their size, or less. All else is as it is."""

AT_USUAL_PRIORITY_AND_SMALL = f"""
import sys
arguments = sys.argv[1:]
if arguments[1:3] == ["-m", "trainer"]:
    sys.argv[1:] = [arguments[0], "-c", {SMALL_TRAINER!r}, *arguments[3:]]
{AT_USUAL_PRIORITY}
"""
WORKER_AT_USUAL_PRIORITY = f"""
import sys
from webapp.cli import main
from webapp.retraining import process
process.LAUNCHER = [sys.executable, "-c", {AT_USUAL_PRIORITY_AND_SMALL!r}]
main(["worker"])
"""


class Worker:
    """`inkling worker`, and whatever it starts."""

    def __init__(self, settings: Settings, data: Path, rendered: Path, command: list[str]) -> None:
        self._command = [sys.executable, *command]
        (Path(settings.home) / "cache").symlink_to(rendered)
        names = ("home", "database_url")
        given = {f"INKLING_{name.upper()}": getattr(settings, name) for name in names}
        self.environment = os.environ | given | {"INKLING_DATA": str(data)}
        self.log_file = Path(settings.home) / "worker.log"

    def start(self) -> None:
        with self.log_file.open("ab") as log:
            self.process = psutil.Popen(self._command, env=self.environment, stderr=log)

    def children(self) -> list[psutil.Process]:
        return self.process.children(recursive=True)

    def training(self) -> list[psutil.Process]:
        """The process that trains, and those that render for it."""
        for child in self.process.children():
            with suppress(psutil.NoSuchProcess):  # what came before it is just ending
                if "retrain" in child.cmdline():
                    return [child, *child.children(recursive=True)]
        return []

    def stop(self) -> None:
        with suppress(psutil.NoSuchProcess):  # it was stopped before
            self.process.terminate()
        try:
            self.process.wait(30)  # it kills itself when it does not end within 20 s
        finally:
            with suppress(psutil.NoSuchProcess):
                self.process.kill()

    @property
    def log(self) -> str:
        return self.log_file.read_text()


@pytest.fixture
def chosen(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings with SQLite, or with PostgreSQL where a test is parametrized `on_both`."""
    url = ""
    if getattr(request, "param", "sqlite") == "postgres":
        url = new_database(request.getfixturevalue("postgres"))
    return Settings(home=str(tmp_path), admin_token=TOKEN, database_url=url)


on_both = pytest.mark.parametrize("chosen", ["sqlite", "postgres"], indirect=True)
on_postgres = pytest.mark.parametrize("chosen", ["postgres"], indirect=True)


@pytest.fixture
def app(chosen: Settings) -> Iterator[Flask]:
    with installed(chosen) as app:
        yield app


@pytest.fixture
def versions(app: Flask) -> Versions:
    versions: Versions = app.extensions["inkling"].versions
    return versions


@pytest.fixture
def worker(app: Flask, chosen: Settings, tmp_path: Path, rendered: Path) -> Iterator[Worker]:
    """On a machine that has no data set."""
    worker = Worker(chosen, tmp_path / "no data", rendered, ["-m", "webapp", "worker"])
    worker.start()
    yield worker
    worker.stop()


@pytest.fixture
def eager_worker(app: Flask, chosen: Settings, tmp_path: Path, rendered: Path) -> Iterator[Worker]:
    """One that trains at the usual priority: beside other tests it would wait for minutes."""
    command = ["-c", WORKER_AT_USUAL_PRIORITY]
    worker = Worker(chosen, tmp_path / "no data", rendered, command)
    worker.start()
    yield worker
    worker.stop()


def ask(client: FlaskClient, **options: object) -> str:
    answer = client.post("/admin/retrain", json=options, headers=HEADERS)
    assert answer.status_code == 202, answer.text
    return answer.get_json()["id"]


def look(client: FlaskClient, run: str) -> dict:
    """The run as its page sees it; again where a busy machine's database was too slow (503)."""
    while (answer := client.get(f"/admin/api/runs/{run}", headers=HEADERS)).status_code == 503:
        time.sleep(0.1)
    return answer.get_json()


def until(client: FlaskClient, run: str, there: Callable[[dict], bool]) -> dict:
    """Wait until a run is so; it may not end otherwise."""
    deadline = time.monotonic() + PATIENCE
    while not there(view := look(client, run)):
        assert view["state"] not in {"failed", "done", "cancelled"}, view["error"] + view["log"]
        assert time.monotonic() < deadline, view
        time.sleep(0.1)
    return view


def epochs(view: dict) -> int:
    return len(view["progress"]["epochs"])


def give(client: FlaskClient, count: int) -> None:
    """Import accepted drawings of as many writers."""
    rng = np.random.default_rng(0)
    lines = [
        {
            "label": str(index % 10),
            "strokes": [line.tolist() for line in synthetic.synthetic_strokes(index % 10, rng)],
            "writer": f"writer {index}",
        }
        for index in range(count)
    ]
    content = "".join(json.dumps(line) + "\n" for line in lines).encode()
    counts = imported(client, content, "drawings.jsonl")
    assert counts == {"kept": count, "known": 0, "empty": 0}


@on_both
def test_a_run_is_taken_from_the_queue_and_cancelled_within_a_second(
    client, worker, tmp_path, versions
):
    run = ask(client)
    until(client, run, lambda view: bool(worker.training()))
    trainer = worker.training()
    began = time.monotonic()
    client.post(f"/admin/runs/{run}/cancel", headers=HEADERS)
    while look(client, run)["state"] != "cancelled":
        assert time.monotonic() < began + PATIENCE
        time.sleep(0.02)
    took = time.monotonic() - began
    assert gone(trainer)
    assert took < 5  # a second where nothing else runs; no epoch is waited for
    deadline = time.monotonic() + 10
    while (tmp_path / "retraining" / run).exists():
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert versions.cards() == {}


def gone(processes: list[psutil.Process]) -> bool:
    _gone, alive = psutil.wait_procs(processes, timeout=10)
    return alive == []


QUICK = {"start": "scratch", "preset": "quick", "data": ["corrections"]}
"""A training of seconds, on synthetic digits and the corrections."""


@pytest.mark.long
def test_a_run_of_a_killed_worker_is_lost_and_resumes_from_its_checkpoint(
    client, database, eager_worker, monkeypatch
):
    lost_after = timedelta(seconds=4)
    monkeypatch.setattr(liveness, "LOST_AFTER", lost_after)  # for those who look, not the worker
    worker = eager_worker
    give(client, 12)
    run = ask(client, **QUICK, epochs=500)
    until(client, run, lambda view: is_stored(database, view))
    trainer = worker.children()
    worker.process.kill()
    killed = time.monotonic()
    assert gone(trainer)  # nobody goes on unseen
    while (view := look(client, run))["state"] == "running":
        assert time.monotonic() - killed < 30
        time.sleep(0.2)
    assert view["state"] == "lost"
    assert time.monotonic() - killed > lost_after.total_seconds() - 2
    complete = epochs(view)

    worker.start()
    assert client.post(f"/admin/runs/{run}/resume", headers=HEADERS).status_code == 200
    view = until(client, run, lambda view: epochs(view) > complete)
    progress = view["progress"]
    assert [each["epoch"] for each in progress["epochs"]] == list(range(1, epochs(view) + 1))
    assert "--resume" in progress["commands"][-1]  # from its checkpoint, not from the beginning


@pytest.mark.long
def test_on_a_bare_machine_it_learns_the_corrections_and_preserves_the_rest(
    client, eager_worker, tmp_path, versions
):
    give(client, 12)
    view = ended(client, ask(client, epochs=1))
    assert view["state"] == "done", view["error"]
    progress = view["progress"]
    assert "--start-from" in progress["commands"][0]
    assert progress["used"] == ["scribbles", "synthetic", "corrections"]
    assert progress["missing"] == ["mnist", "strokes", "letters"]
    assert progress["distillation"]
    verdict = view["verdict"]
    rows = {row["data"]: row for row in verdict["rows"] if row["digits"]}
    assert verdict["missing"] == ["mnist", "strokes", "letters"]
    assert rows["synthetic"]["after"] > rows["synthetic"]["before"] - 0.0101  # nothing is forgotten
    card = versions.read(view["version"]).card
    assert card.data[-1].source.startswith("corrections:")
    assert str(tmp_path) not in str(card)  # which is for all to see
    assert verdict["auto_promoted"] == (
        client.get("/readyz").get_json()["version"] == view["version"]
    )


def test_each_line_of_the_workers_log_is_json_if_asked_for(worker):
    worker.stop()
    Path(worker.log_file).unlink()
    worker.environment["INKLING_LOG"] = "json"
    worker.start()
    deadline = time.monotonic() + PATIENCE
    while "worker ready" not in worker.log:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    worker.stop()
    messages = [json.loads(line)["message"] for line in worker.log.splitlines()]
    assert messages[0] == "worker ready"
    assert messages[-1] == "worker stopped"


@on_both
def test_a_stopped_worker_hands_its_run_to_the_next(client, worker):
    run = ask(client)
    until(client, run, lambda view: bool(worker.training()))
    trainer = worker.training()
    worker.process.send_signal(signal.SIGINT)
    assert worker.process.wait(10) == 0
    assert gone(trainer)
    assert look(client, run)["state"] == "queued"
    worker.start()
    until(client, run, lambda view: view["state"] == "running")


def test_missing_data_fails_the_run_with_one_line_and_its_log(client, eager_worker):
    run = ask(client, data=["strokes"])
    view = ended(client, run)
    assert view["state"] == "failed"
    assert view["error"].startswith("no strokes in ")
    assert "\n" not in view["error"]
    assert "$ python -m trainer retrain" in view["log"]
    page = client.get(f"/admin/runs/{run}", headers=HEADERS).text
    assert "no strokes in " in page


@on_postgres  # whose server writes its files without the limit
def test_a_full_disk_fails_the_run_with_a_one_line_error(client, eager_worker):
    eager_worker.process.rlimit(psutil.RLIMIT_FSIZE, (300_000, 300_000))
    give(client, 12)
    view = ended(client, ask(client, **QUICK, epochs=1))
    assert view["state"] == "failed"
    assert "File too large" in view["error"]
    assert client.get("/readyz").status_code == 200


def ask_json(server: Server, path: str, body: bytes | None = None) -> dict:
    status, answer = server.get(path, body, **HEADERS, **JSON)
    assert status < 300, answer
    return json.loads(answer)


def ended(client: FlaskClient, run: str) -> dict:
    deadline = time.monotonic() + PATIENCE
    while (view := look(client, run))["state"] in {"queued", "running"}:
        assert time.monotonic() < deadline, view
        time.sleep(0.1)
    return view


def followed(server: Server, body: bytes, version: str) -> float:
    """Seconds until a server of one worker answers with this version."""
    began = time.monotonic()
    while json.loads(server.get("/api/v1/predict", body, **JSON)[1])["model"]["version"] != version:
        assert time.monotonic() < began + PATIENCE
        time.sleep(0.05)
    return time.monotonic() - began


def worker_of(home: Path, settings: Settings, cache: Path) -> Worker:
    """An eager worker of a host of its own, with a copy of what was rendered elsewhere."""
    home.mkdir()
    own = msgspec.structs.replace(settings, home=str(home))
    worker = Worker(own, home / "no data", cache, ["-c", WORKER_AT_USUAL_PRIORITY])
    (home / "cache").unlink()
    with suppress(shutil.Error):  # what others are just writing or deleting
        shutil.copytree(cache, home / "cache")
    return worker


@pytest.mark.long
@on_postgres
def test_hosts_share_a_database_and_no_file(
    chosen, client, database, versions, tmp_path, rendered, body, monkeypatch
):
    """Two that serve and two that train. One of these is killed, and the other goes on."""
    settings = {"INKLING_DATABASE_URL": chosen.database_url, "INKLING_ADMIN_TOKEN": TOKEN}
    with ExitStack() as stack:
        servers = []
        for name in "ab":
            (tmp_path / name).mkdir()
            server = Server(tmp_path / name, INKLING_WORKERS="1", **settings)
            servers.append(stack.enter_context(running(server)))
        first, second = servers
        answer = json.loads(first.get("/api/v1/predict", body, **JSON)[1])
        told = {"prediction_id": answer["prediction_id"], "label": "7"}
        assert second.get("/api/v1/feedback", json.dumps(told).encode(), **JSON)[0] == 201
        assert ask_json(first, "/admin/api/drawings")["count"] == 1

        give(client, 12)
        killed = worker_of(tmp_path / "c", chosen, rendered)
        killed.start()
        stack.callback(killed.stop)
        run = ask_json(first, "/admin/retrain", json.dumps(QUICK | {"epochs": 500}).encode())
        until(client, run["id"], lambda view: is_stored(database, view))
        killed.process.kill()
        with monkeypatch.context() as patch:
            patch.setattr(liveness, "LOST_AFTER", timedelta(seconds=4))  # for `look` alone
            until(client, run["id"], lambda view: view["state"] == "lost")
        complete = epochs(look(client, run["id"]))

        other = worker_of(tmp_path / "d", chosen, tmp_path / "c" / "cache")
        other.start()
        stack.callback(other.stop)
        ask_json(second, f"/admin/runs/{run['id']}/resume", b"")
        view = until(client, run["id"], lambda view: epochs(view) > complete)
        assert "going on from the checkpoint in the database" in view["log"]
        progress = view["progress"]
        assert [each["epoch"] for each in progress["epochs"]] == list(range(1, epochs(view) + 1))
        assert "--resume" in progress["commands"][-1]
        ask_json(first, f"/admin/runs/{run['id']}/cancel", b"")

        version = versions.add(PRETRAINED / "cnn").card.version
        ask_json(second, f"/admin/versions/{version}/promote", b"")
        for server in servers:
            assert followed(server, body, version) < 5  # 1 s where nothing else runs


def is_stored(database: Database, view: dict) -> bool:
    with database.reading() as session:
        return "checkpoint.safetensors" in run_files.names(session, view["id"])
