"""The end of a run: its promotion, beside admins who promote and roll back at the same time.

A script stands in for the trainer, which would take minutes; the worker's side is the real one.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread

import pytest
from sqlalchemy import event

from tests.conftest import installed
from tests.webapp.retraining.test_worker import AT_USUAL_PRIORITY
from tests.webapp.version_files import spoil
from trainer.recognition.bundle import PRETRAINED, read_bundle
from webapp.inference.versions import SHIPPED, Versions
from webapp.retraining import command, process, runs
from webapp.retraining.job import Job, runs_folder
from webapp.retraining.options import RetrainingOptions
from webapp.retraining.runs import claim_next
from webapp.settings import Settings
from webapp.storage.database import Database
from webapp.storage.exports import CORRECTIONS_FILE
from webapp.storage.tables import Run

TOKEN = "a-token-for-scripts"
HEADERS = {"Authorization": f"Bearer {TOKEN}", "Accept": "application/json"}
NEW, OTHER = (read_bundle(PRETRAINED / name).card.version for name in ("cnn", "lenet5"))
OURS = read_bundle(PRETRAINED / "inkling").card.version

TRAINER = f"""
import json, shutil, sys, time
from pathlib import Path
from trainer.recognition.bundle import read_bundle
arguments = sys.argv[1:]
if arguments[0] == "retrain":
    folder = Path(arguments[arguments.index("--folder") + 1])
    shutil.copytree({str(PRETRAINED / "cnn")!r}, folder / "bundle")
else:
    Path("comparing").touch()
    while Path("wait").exists():
        time.sleep(0.01)
    bundles = [each for each in arguments[1:] if not each.startswith("--")]
    versions = [read_bundle(Path(folder)).card.version for folder in bundles]
    gains = [{{"value": 0.05, "low": 0.03, "high": 0.07}}] * (len(versions) - 1)
    values = [0.9] * (len(versions) - 1) + [0.95]
    score = {{"data": "everything", "measure": "right", "pictures": 100, "writers": 100}}
    score |= {{"digits": True, "values": values, "gains": gains}}
    print(json.dumps({{"versions": versions, "scores": [score], "missing": []}}))
"""


@pytest.fixture
def chosen(settings) -> Settings:
    chosen: Settings = settings(admin_token=TOKEN)
    return chosen


def use_trainer(monkeypatch, folder: Path, script: str) -> None:
    """Let jobs run this script, which is written to the folder, in place of the trainer."""
    file = folder / "stand_in.py"
    file.write_text(script)
    monkeypatch.setattr(command, "_TRAINER", [sys.executable, str(file)])
    # At the lowest priority it would wait for the other tests.
    monkeypatch.setattr(process, "LAUNCHER", [sys.executable, "-c", AT_USUAL_PRIORITY])


@pytest.fixture
def app(chosen, tmp_path, monkeypatch):
    use_trainer(monkeypatch, tmp_path, TRAINER)
    with installed(chosen) as app:
        yield app


@pytest.fixture
def versions(app) -> Versions:
    versions: Versions = app.extensions["inkling"].versions
    versions.add(PRETRAINED / "lenet5")
    return versions


def asked(database: Database) -> str:
    with database.writing() as session:
        return runs.enqueue(session, RetrainingOptions(), "test").id


def execute(chosen: Settings, database: Database) -> None:
    claim = claim_next(database)
    assert claim is not None
    Job(chosen, database, claim, Event(), chosen.home_folder).run()


def test_a_better_version_is_promoted_as_its_run_ends(client, chosen, database, versions):
    identity = asked(database)
    execute(chosen, database)
    view = client.get(f"/admin/api/runs/{identity}", headers=HEADERS).get_json()
    assert view["state"] == "done", view["error"] + view["log"]
    assert (view["state"], view["version"], view["verdict"]["auto_promoted"]) == ("done", NEW, True)
    assert list(versions.lineage()) == [NEW, SHIPPED]


def test_a_run_does_not_replace_what_was_promoted_while_it_was_compared(
    client, chosen, database, versions, tmp_path
):
    identity = asked(database)
    (tmp_path / "wait").touch()
    run = Thread(target=execute, args=(chosen, database))
    run.start()
    until((tmp_path / "comparing").exists)
    versions.promote(OTHER, "test")
    (tmp_path / "wait").unlink()
    run.join()
    view = client.get(f"/admin/api/runs/{identity}", headers=HEADERS).get_json()
    assert (view["state"], view["version"]) == ("done", NEW)
    assert (view["verdict"]["reason"], view["verdict"]["auto_promoted"]) == ("superseded", False)
    assert list(versions.lineage()) == [OTHER, SHIPPED]

    page = client.get(f"/admin/runs/{identity}", headers=HEADERS).text
    assert "Another version was promoted meanwhile" in page
    assert f"Promote {NEW}" not in page
    for body in ({"data": {"expected": OURS}}, {"json": {"expected": OURS}}):
        refused = client.post(f"/admin/versions/{NEW}/promote", headers=HEADERS, **body)
        assert refused.status_code == 409
        assert refused.get_json()["code"] == "superseded"
        assert "compare again" in refused.get_json()["detail"]
    assert versions.roll_back("test") == SHIPPED  # what it was compared with is active again
    assert f"Promote {NEW}" in client.get(f"/admin/runs/{identity}", headers=HEADERS).text
    for name in (OURS, SHIPPED):
        sent = {"expected": name}
        answer = client.post(f"/admin/versions/{NEW}/promote", data=sent, headers=HEADERS)
        assert answer.get_json() == {"active": NEW}
        versions.roll_back("test")


@pytest.mark.parametrize("change", ["worker = 'another'", "cancelling = true"])
def test_a_run_that_is_lost_or_cancelled_at_the_last_moment_promotes_nothing(
    chosen, database, versions, change
):
    """In the middle of the transaction that promotes its version and ends it."""
    identity = asked(database)

    def meddle(connection, _cursor, statement, _parameters, _context, _many) -> None:
        if statement.startswith("INSERT INTO activations"):
            connection.exec_driver_sql(f"UPDATE runs SET {change}")

    event.listen(database.engine, "after_cursor_execute", meddle)
    execute(chosen, database)
    with database.reading() as session:
        run = session.get_one(Run, identity)
    assert (run.state, run.verdict) == ("cancelled" if "cancel" in change else "running", None)
    assert list(versions.lineage()) == [SHIPPED]


def test_a_run_that_is_cancelled_as_its_worker_stops_is_not_put_back(chosen, database):
    identity = asked(database)
    claim = claim_next(database)
    with database.writing() as session:
        session.get_one(Run, identity).cancelling = True
    stopping = Event()
    stopping.set()
    Job(chosen, database, claim, stopping, chosen.home_folder).run()
    with database.reading() as session:
        assert session.get_one(Run, identity).state == "cancelled"
    assert claim_next(database) is None


def test_drawings_that_were_deleted_do_not_come_back_with_a_run_that_begins_anew(
    chosen, database, tmp_path
):
    asked(database)
    claim = claim_next(database)
    file = runs_folder(chosen.home_folder) / claim.run.id / "corrections" / CORRECTIONS_FILE
    file.parent.mkdir(parents=True)
    file.write_bytes(b"of a drawing that was deleted since")
    Job(chosen, database, claim, Event(), chosen.home_folder).run()
    assert not file.exists()


def test_a_run_that_was_compared_in_place_of_a_damaged_version_is_promoted(
    chosen, database, versions
):
    versions.promote(OTHER, "test")
    spoil(database, OTHER)
    asked(database)
    execute(chosen, database)
    assert versions.pointer().version == NEW


def until(there: Callable[[], bool]) -> None:
    for _ in range(6000):
        if there():
            return
        time.sleep(0.01)
    pytest.fail("it took longer than a minute")
