"""A run goes on from what is stored with it: on a host that has nothing else of it.

A script stands in for the trainer, which would take minutes; the worker's side is the real one.
"""

import json
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from threading import Event, Thread

import pytest
from sqlalchemy import func, select

from tests.conftest import installed
from tests.webapp.retraining.test_job import TRAINER as REST
from tests.webapp.retraining.test_job import use_trainer
from tests.webapp.retraining.test_worker import HEADERS, TOKEN, give
from webapp.admin.drawings import delete_everything
from webapp.retraining import checkpoints, runs
from webapp.retraining.checkpoints import Checkpoints
from webapp.retraining.claim import LostRun
from webapp.retraining.job import Job
from webapp.retraining.options import RetrainingOptions
from webapp.retraining.runs import Claim, claim_next
from webapp.storage import run_files
from webapp.storage.file_tables import RunFile
from webapp.storage.tables import Run, RunStatus, now

TRAINER = (
    """
import json, os, sys, time
from functools import partial
from pathlib import Path
arguments = sys.argv[1:]
def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name("." + path.name)
    part.write_bytes(content)
    os.replace(part, path)
def files(folder):
    return {str(path.relative_to(folder)): path.read_bytes().hex()
            for path in sorted(folder.rglob("*")) if path.is_file()}
if arguments[0] == "retrain" and not Path("quickly").exists():
    folder = Path(arguments[arguments.index("--folder") + 1])
    epoch = {"epoch": 1, "loss": 1.0, "accuracy": 0.5, "validation_loss": 1.0,
             "validation_accuracy": 0.5, "best": True}
    write(folder / "run.json", b"a plan")
    write(folder / "start.safetensors", b"start")
    write(folder / "best.safetensors", b"best")
    write(folder / "last.safetensors", b"")
    write(folder / "metrics.jsonl", json.dumps(epoch).encode() + b"\\n")
    write(folder / "checkpoint.safetensors", bytes(1_500_000) + b"end")
    Path("started.json").write_text(json.dumps(files(folder)))
    print(json.dumps(epoch), flush=True)
    time.sleep(600)
if arguments[0] == "train":
    folder = Path(arguments[arguments.index("--resume") + 1])
    Path("resumed.json").write_text(json.dumps(files(folder)))
    arguments[:] = ["retrain", "--folder", str(folder)]
if "--corrections" in arguments:
    place = arguments.index("--corrections")
    del arguments[place:place + 2]
sys.argv[1:] = arguments
"""
    + REST
)


on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For what does not depend on the kind of database."""


@pytest.fixture
def chosen(settings):
    return settings(admin_token=TOKEN)


@pytest.fixture
def app(chosen, tmp_path, monkeypatch):
    use_trainer(monkeypatch, tmp_path, TRAINER)
    with installed(chosen) as app:
        yield app


def asked(database) -> str:
    with database.writing() as session:
        return runs.enqueue(session, RetrainingOptions(), "test").id


def view(client, run: str) -> dict:
    return client.get(f"/admin/api/runs/{run}", headers=HEADERS).get_json()


def stored(database, run: str) -> set[str]:
    with database.reading() as session:
        return run_files.names(session, run)


def until(there: Callable[[], object]) -> None:
    deadline = time.monotonic() + 120
    while not there():
        assert time.monotonic() < deadline
        time.sleep(0.01)


class Host:
    """A worker's host, with a home folder of its own."""

    def __init__(self, settings, database, home: Path) -> None:
        self.home = home
        self._arguments = settings, database
        home.mkdir()

    def work(self, stopping: Event | None = None) -> None:
        """Execute the run that waits until it ends, or until the worker is stopped."""
        settings, database = self._arguments
        claim = claim_next(database)
        assert claim is not None
        Job(settings, database, claim, stopping or Event(), self.home).run()

    def work_until(self, there: Callable[[], object]) -> None:
        stopping = Event()
        work = Thread(target=self.work, args=(stopping,))
        work.start()
        until(there)
        stopping.set()
        work.join()

    def files(self, name: str) -> dict[str, str]:
        return json.loads((self.home / name).read_text())


@pytest.fixture
def hosts(app, chosen, database, tmp_path) -> list[Host]:
    return [Host(chosen, database, tmp_path / name) for name in "ab"]


def test_another_host_goes_on_with_the_same_files(client, database, hosts):
    give(client, 2)
    run = asked(database)
    first, second = hosts
    first.work_until(lambda: "checkpoint.safetensors" in stored(database, run))
    assert view(client, run)["state"] == "queued"
    second.work()
    ended = view(client, run)
    assert ended["state"] == "done", ended["error"] + ended["log"]
    left = first.files("started.json")
    assert "corrections/drawings.jsonl.gz" in left
    assert second.files("resumed.json") == left
    assert "going on from the checkpoint in the database" in ended["log"]
    assert len(ended["progress"]["epochs"]) == 1
    run_files.prune(database)  # as a worker's housekeeping does
    assert stored(database, run) == set()


@on_sqlite
def test_a_run_whose_checkpoint_was_deleted_begins_anew_elsewhere(client, database, hosts):
    give(client, 2)
    run = asked(database)
    first, second = hosts
    first.work_until(lambda: "checkpoint.safetensors" in stored(database, run))
    assert len(view(client, run)["progress"]["epochs"]) == 1
    assert delete_everything(database, "test") == 2
    assert stored(database, run) == set()  # drawings are in it
    (second.home / "quickly").touch()
    second.work()
    ended = view(client, run)
    assert ended["state"] == "done", ended["error"] + ended["log"]
    assert "there is no checkpoint here or in the database: starting over" in ended["log"]
    assert ended["progress"]["epochs"] == []


@pytest.fixture
def claim(app, database) -> Claim:
    asked(database)
    claim = claim_next(database)
    assert claim is not None
    return claim


def trained(folder: Path, epochs: int = 1, plan: bytes = b"plan") -> Path:
    """The folder of a training after some epochs."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "run.json").write_bytes(plan)
    (folder / "metrics.jsonl").write_bytes(b"{}\n" * epochs)
    part = folder / "part"
    part.write_bytes(b"checkpoint %d" % epochs)
    part.replace(folder / "checkpoint.safetensors")
    return folder


def checkpoint(folder: Path) -> bytes:
    return (folder / "checkpoint.safetensors").read_bytes()


def test_a_host_goes_on_from_its_own_folder_unless_another_is_ahead(
    database, claim, tmp_path, monkeypatch
):
    monkeypatch.setattr(checkpoints, "_STORE_EVERY", 0.0)
    notes: list[str] = []
    other = trained(tmp_path / "other", epochs=2)
    there = Checkpoints(database, claim, other, notes.append)
    there.store()
    for epochs, plan, expected in [(1, b"plan", 2), (2, b"plan", 2), (3, b"plan", 3), (3, b"", 2)]:
        own = trained(tmp_path / f"own {epochs} {plan!r}", epochs, plan)
        Checkpoints(database, claim, own, notes.append).fetch(lambda: None)
        assert checkpoint(own) == b"checkpoint %d" % expected
    there.store()  # nothing is new
    trained(other, epochs=4)
    there.store()
    new = tmp_path / "new"
    Checkpoints(database, claim, new, notes.append).fetch(lambda: None)
    assert checkpoint(new) == b"checkpoint 4"
    assert (new / "metrics.jsonl").read_bytes() == b"{}\n" * 4


@on_sqlite
def test_what_was_fetched_in_part_is_fetched_again(database, claim, tmp_path):
    folder = trained(tmp_path / "own")
    (folder / "corrections").mkdir()
    (folder / "corrections" / "drawings.jsonl.gz").write_bytes(b"drawings")
    own = Checkpoints(database, claim, folder, pytest.fail)
    own.begin(lambda: None)
    own.store()
    for parts in range(4):
        other = tmp_path / f"{parts}"
        new = Checkpoints(database, claim, other, lambda _: None)
        steps = iter(range(parts))
        with pytest.raises(StopIteration):  # as where a worker is stopped
            new.fetch(partial(next, steps))
        new.fetch(lambda: None)
        assert files(other) == files(folder)


def files(folder: Path) -> dict[str, bytes]:
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


@on_sqlite
def test_checkpoints_are_stored_at_intervals_and_the_last_one_at_once(database, claim, tmp_path):
    folder = tmp_path / "own"
    own = Checkpoints(database, claim, folder, pytest.fail)
    own.store()  # there is none yet
    for epochs, options, expected in [(1, {}, 1), (2, {}, 1), (2, {"at_once": True}, 2)]:
        trained(folder, epochs)
        own.store(**options)
        other = tmp_path / f"{epochs} {options}"
        Checkpoints(database, claim, other, lambda _: None).fetch(lambda: None)
        assert checkpoint(other) == b"checkpoint %d" % expected


@on_sqlite
def test_a_worker_that_lost_its_run_stores_nothing(database, claim, tmp_path):
    own = Checkpoints(database, claim, trained(tmp_path / "own"), pytest.fail)
    with database.writing() as session:
        session.get_one(Run, claim.run.id).worker = "another"
    with pytest.raises(LostRun):
        own.store()
    assert stored(database, claim.run.id) == set()


@on_sqlite
@pytest.mark.parametrize("limit", ["_MAX_DRAWINGS_BYTES", "_MAX_EPOCH_BYTES"])
def test_what_is_too_large_stays_on_its_host_and_says_so(
    database, claim, tmp_path, monkeypatch, limit
):
    monkeypatch.setattr(checkpoints, limit, 10)
    folder = trained(tmp_path / "own")
    (folder / "corrections").mkdir()
    (folder / "corrections" / "drawings.jsonl.gz").write_bytes(bytes(11))
    notes: list[str] = []
    own = Checkpoints(database, claim, folder, notes.append)
    own.begin(lambda: None)
    for _ in range(2):
        own.store(at_once=True)
    assert "checkpoint.safetensors" not in stored(database, claim.run.id)
    [note] = notes
    assert note.startswith("no checkpoint is stored in the database, as its ")


@on_sqlite
def test_drawings_that_are_deleted_while_a_run_learns_are_not_stored_again(
    database, claim, tmp_path
):
    folder = trained(tmp_path / "own")
    (folder / "corrections").mkdir()
    (folder / "corrections" / "drawings.jsonl.gz").write_bytes(b"drawings")
    notes: list[str] = []
    own = Checkpoints(database, claim, folder, notes.append)
    own.begin(lambda: None)
    own.store()
    assert "corrections/drawings.jsonl.gz" in stored(database, claim.run.id)
    delete_everything(database, "test")
    trained(folder, epochs=2)
    own.store(at_once=True)
    assert stored(database, claim.run.id) == set()
    assert notes == ["no checkpoint is stored in the database, as its drawings were deleted"]


def test_files_are_kept_of_live_runs_and_of_the_newest_that_can_be_resumed(app, database):
    states = [*RunStatus] + [RunStatus.FAILED] * run_files.KEPT
    with database.writing() as session:
        for index, state in enumerate(states):
            run = runs.enqueue(session, RetrainingOptions(), "test")
            run.id, run.state, run.ended = f"{index} {state}", state, now()
            session.flush()
            run_files.put(session, run.id, "file", 0, b"content")
        run_files.put(session, "no such run", "file", 0, b"content")
    run_files.prune(database)
    with database.reading() as session:
        kept = sorted(session.scalars(select(RunFile.run)))
        assert session.scalar(select(func.count()).select_from(RunFile)) == len(kept)
    newest = [f"{index} failed" for index in range(len(states) - run_files.KEPT, len(states))]
    assert kept == sorted(["0 queued", "1 running", *newest])


@on_sqlite
def test_files_of_a_run_that_nobody_resumes_for_a_week_are_deleted(database, claim):
    identity = claim.run.id
    for age, expected in [(timedelta(0), {"file"}), (run_files.KEPT_FOR, set())]:
        with database.writing() as session:
            run = session.get_one(Run, identity)
            run.state, run.ended = RunStatus.LOST, now() - age
            run_files.remove(session, identity, "file")
            run_files.put(session, identity, "file", 0, b"content")
        run_files.prune(database)
        assert stored(database, identity) == expected
