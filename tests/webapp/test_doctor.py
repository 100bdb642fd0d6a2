"""`inkling doctor` on installations that are broken, each in one way."""

import importlib.util
import logging
import os
import shutil
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from tests.webapp.test_serving import free_port, has_ipv6
from webapp.cli import main
from webapp.inference.versions import SHIPPED, Versions
from webapp.retraining.options import RetrainingOptions
from webapp.retraining.runs import enqueue
from webapp.settings import Settings
from webapp.storage.database import Database
from webapp.storage.tables import Activation, Run, now


@pytest.fixture
def installation(tmp_path) -> Database:
    database = Database(Settings(home=str(tmp_path)).database)
    database.upgrade()
    yield database
    database.engine.dispose()


@pytest.fixture
def doctor(tmp_path):
    """Run the command; returns its exit status, and the line and the remedy of each part."""

    def run(**environment: str) -> tuple[int, dict[str, str]]:
        environment = {"INKLING_HOME": str(tmp_path), "PORT": str(free_port())} | environment
        result = CliRunner().invoke(main, ["doctor"], env=environment)
        assert result.exception is None or isinstance(result.exception, SystemExit), result
        found: dict[str, str] = {}
        part = ""
        for line in result.output.splitlines():
            if not line.startswith(" "):
                part = line.split()[1]
            found[part] = (found.get(part, "") + "\n" + line).strip()
        return result.exit_code, found

    yield run
    logging.disable(logging.NOTSET)  # the command's process would have ended


def wrong(found: dict[str, str]) -> list[str]:
    return [part for part, lines in found.items() if lines.startswith("wrong")]


def test_what_a_newer_release_has_added_is_no_fault_and_what_it_has_taken_away_is(
    installation, doctor
):
    for change, state in (
        ("UPDATE alembic_version SET version_num = 'newer'", "note "),
        ("ALTER TABLE runs RENAME COLUMN options TO wishes", "wrong"),
    ):
        with installation.writing() as session:
            session.execute(text(change))
        assert doctor()[1]["database"].startswith(state)
    assert "runs.options is missing" in doctor()[1]["database"]


def test_a_sound_installation_has_nothing_to_mend(installation, doctor):
    status, found = doctor()
    assert (status, wrong(found)) == (0, [])
    assert set(found) == {
        "home", "database", "queue", "clock", "disk", "temporary", "model", "torch", "port"
    }  # fmt: skip


def test_an_installation_that_is_not_there_yet_is_not_made(tmp_path, doctor):
    status, found = doctor(INKLING_HOME=str(tmp_path / "new" / "home"))
    assert status == 0
    assert "not there yet" in found["database"]
    assert not (tmp_path / "new").exists()


def test_a_home_that_is_a_file(tmp_path, doctor):
    (tmp_path / "file").touch()
    status, found = doctor(INKLING_HOME=str(tmp_path / "file"))
    assert (status, wrong(found)) == (1, ["home"])
    assert "INKLING_HOME" in found["home"]


def test_a_home_that_is_a_link_to_nowhere(tmp_path, doctor):
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    status, found = doctor(INKLING_HOME=str(tmp_path / "link"))
    assert (status, wrong(found)) == (1, ["home"])


def test_a_home_below_a_folder_that_this_user_may_not_enter(tmp_path, installation, doctor):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0)
    with as_somebody():
        status, found = doctor(INKLING_HOME=str(closed / "home"))
    assert status == 1
    assert str(closed) in found["home"]
    assert {"home", "database"} <= set(wrong(found))
    assert set(found) >= {"disk", "temporary", "port"}


@contextmanager
def as_somebody():
    """Without the rights of root, where this is root."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_database_whose_schema_is_old_and_one_that_is_damaged(tmp_path, installation, doctor):
    with installation.writing() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    status, found = doctor()
    assert (status, wrong(found)) == (1, ["database"])
    assert "inkling db upgrade" in found["database"]
    installation.engine.dispose()
    for file in tmp_path.glob("inkling.db*"):
        file.unlink()
    (tmp_path / "inkling.db").write_bytes(b"no database " * 1000)
    status, found = doctor()
    assert (status, wrong(found)) == (1, ["database"])
    assert "restore a backup" in found["database"]


def test_a_database_server_that_is_away(tmp_path, doctor):
    url = f"postgresql://someone:secret@/none?host={tmp_path}"
    status, found = doctor(INKLING_DATABASE_URL=url)
    assert (status, wrong(found)) == (1, ["database"])
    assert "start its server" in found["database"]
    assert "secret" not in found["database"]


def test_a_queue_without_a_worker(installation, doctor):
    with installation.writing() as session:
        run = enqueue(session, RetrainingOptions(), "somebody")
        session.flush()
        run.created = now() - timedelta(minutes=5)
    status, found = doctor()
    assert (status, wrong(found)) == (1, ["queue"])
    assert "inkling worker" in found["queue"]
    assert "1 waiting, 0 running: no worker takes them" in found["queue"]


def test_a_clock_that_was_set_back(installation, doctor):
    with installation.writing() as session:
        enqueue(session, RetrainingOptions(), "somebody")
        session.flush()
        session.query(Run).update({Run.created: now() + timedelta(hours=1)})
    status, found = doctor()
    assert (status, wrong(found)) == (1, ["clock"])
    assert "differs from the database's by 3600 s" in found["clock"]


def test_a_full_disk(installation, doctor, monkeypatch):
    usage = shutil.disk_usage("/")._replace(free=1 << 20)
    monkeypatch.setattr(shutil, "disk_usage", lambda _place: usage)
    status, found = doctor()
    assert (status, wrong(found)) == (1, ["disk", "temporary"])


def test_a_model_that_is_not_there_and_an_active_version_that_is_gone(installation, doctor):
    found = doctor(INKLING_MODEL="mine")[1]
    assert wrong(found) == ["model"]
    assert "set INKLING_MODEL to a bundle that is there" in found["model"]
    with installation.writing() as session:
        session.add(Activation(version="gone", at=now()))
    status, found = doctor()
    assert (status, wrong(found)) == (1, ["model"])
    assert "no version 'gone'" in found["model"]
    assert "run `inkling models rollback`" in found["model"]
    assert "INKLING_MODEL" not in found["model"]
    assert Versions(installation).roll_back("test") == SHIPPED
    assert doctor()[0] == 0


def test_a_host_without_torch_can_serve(installation, doctor, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "torch" else find(name)
    )
    status, found = doctor()
    assert status == 0
    assert "inkling[train]" in found["torch"]


def test_a_port_that_something_else_uses(installation, doctor):
    class Other(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(404)
            self.end_headers()

        def log_message(self, *_arguments):
            pass

    server = HTTPServer(("127.0.0.1", 0), Other)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        status, found = doctor(PORT=str(server.server_port))
    finally:
        server.shutdown()
        server.server_close()
    assert (status, wrong(found)) == (1, ["port"])
    assert "set HOST and PORT" in found["port"]


@pytest.mark.skipif(not has_ipv6(), reason="no IPv6 on this machine")
@pytest.mark.parametrize("host", ["::1", "[::1]"])
def test_an_address_of_ipv6_is_free_in_both_spellings(doctor, host):
    assert doctor(HOST=host)[1]["port"].startswith("ok")


def test_a_host_whose_address_is_another_machines(doctor):
    assert wrong(doctor(HOST="192.0.2.1")[1]) == ["port"]
