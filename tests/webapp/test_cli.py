"""The commands tell in one line what is wrong with the database, or with an address."""

import json
import logging
import os
import runpy

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from tests.conftest import ROOT, execute
from tests.webapp.test_serving import has_ipv6
from webapp.cli import main
from webapp.settings import Settings
from webapp.storage import imports
from webapp.storage.database import Database, DatabaseUnavailable

COMMANDS = (
    ("db", "expire"),
    ("backup", "file.zip"),
    ("models", "list"),
    ("models", "promote", "shipped"),
    ("models", "rollback"),
)


@pytest.fixture(autouse=True)
def _logging():
    yield
    logging.disable(logging.NOTSET)  # as `doctor` leaves it


@pytest.fixture
def damaged(tmp_path):
    """An installation whose database can be opened, but two of its tables cannot be read."""
    database = Database(Settings(home=str(tmp_path)).database)
    database.upgrade()
    pages = "SELECT rootpage FROM sqlite_master WHERE tbl_name IN ('drawings', 'activations')"
    with database.reading() as session:
        damaged = session.scalars(text(pages)).all()
        size = session.scalar(text("PRAGMA page_size"))
    database.engine.dispose()
    with (tmp_path / "inkling.db").open("r+b") as file:
        for page in damaged:
            file.seek((page - 1) * size)
            file.write(b"\xff" * size)
    return tmp_path


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_damaged_database_is_one_line(damaged, tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    environment = {"INKLING_HOME": str(damaged), "INKLING_KEEP_DAYS": "1"}
    result = CliRunner().invoke(main, command, env=environment)
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit), result.exception
    [line] = result.output.splitlines()
    assert line == "Error: the database is not available: database disk image is malformed"


def test_backing_up_a_server_that_is_away_is_one_line(tmp_path):
    """PostgreSQL's error takes several."""
    url = f"postgresql://nobody@/none?host={tmp_path}"
    environment = {"INKLING_HOME": str(tmp_path), "INKLING_DATABASE_URL": url}
    result = CliRunner().invoke(main, ["backup", str(tmp_path / "b.zip")], env=environment)
    [line] = result.output.splitlines()
    assert line.startswith("Error: the database is not available: ")


def test_a_database_that_knows_no_characters_is_one_line_that_says_how_to_create_it(
    tmp_path, postgres
):
    execute(
        postgres,
        "CREATE DATABASE ascii ENCODING SQL_ASCII TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'",
    )
    url = f"postgresql://postgres@/ascii?host={postgres}"
    environment = {"INKLING_HOME": str(tmp_path), "INKLING_DATABASE_URL": url}
    for command in ("serve", "doctor"):
        result = CliRunner().invoke(main, [command], env=environment)
        assert result.exit_code == 1
        assert isinstance(result.exception, SystemExit), result.exception
        [line] = [line for line in result.output.splitlines() if "SQL_ASCII" in line]
        assert "createdb --encoding UTF8 --template template0" in line
        if command == "serve":
            assert result.output == line + "\n"


@pytest.mark.parametrize("command", ["serve", "doctor"])
@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PORT", "http"),
        ("PORT", "65536"),
        ("PORT", "-1"),
        ("PORT", "²"),
        ("HOST", "127.0.0.1:8000"),
        ("HOST", "[localhost]"),
        ("HOST", "[::"),
        ("HOST", "two words"),
    ],
)
def test_a_host_or_port_that_is_none_is_one_line_that_names_the_variable(
    tmp_path, command, variable, value
):
    environment = {"INKLING_HOME": str(tmp_path), variable: value}
    result = CliRunner().invoke(main, [command], env=environment)
    assert result.exit_code == 1
    [line] = result.output.splitlines()
    assert line.startswith(f"Error: {variable}={value!r} is wrong: it takes ")


def test_an_address_of_another_machine_is_one_line_that_names_the_variable(tmp_path):
    environment = {"INKLING_HOME": str(tmp_path), "HOST": "192.0.2.1"}
    result = CliRunner().invoke(main, ["serve"], env=environment)
    assert result.exit_code == 1
    [line] = result.output.splitlines()
    assert line.startswith("Error: HOST='192.0.2.1' cannot be served: ")


@pytest.mark.skipif(not has_ipv6(), reason="no IPv6 on this machine")
@pytest.mark.parametrize("host", ["::1", "[::1]"])
def test_both_spellings_of_an_address_of_ipv6_are_served(tmp_path, monkeypatch, host):
    called: list[dict[str, str]] = []
    monkeypatch.setattr(os, "execve", lambda _file, _command, given: called.append(given))
    environment = {"INKLING_HOME": str(tmp_path), "HOST": host, "PORT": "0"}
    result = CliRunner().invoke(main, ["serve"], env=environment)
    assert result.exit_code == 0, result.output
    assert "http://[::1]:0/admin/" in result.output
    [given] = called
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    for spelling in (given["HOST"], host):  # the second is that of whoever starts gunicorn
        monkeypatch.setenv("HOST", spelling)
        monkeypatch.setenv("PORT", given["PORT"])
        conf = runpy.run_path(str(ROOT / "webapp" / "gunicorn.conf.py"))
        assert conf["bind"] == "[::1]:0"


def test_what_is_wrong_before_gunicorn_starts_is_logged_in_the_same_format(
    tmp_path, monkeypatch, capfd
):
    def fails(_database: Database) -> None:
        raise DatabaseUnavailable("it is locked")

    monkeypatch.setattr(imports, "clear", fails)
    monkeypatch.setattr(os, "execve", lambda *_: None)
    environment = {
        "INKLING_HOME": str(tmp_path),
        "INKLING_LOG": "json",
        "INKLING_ADMIN_PASSWORD": "x",
        "PORT": "0",
    }
    assert CliRunner().invoke(main, ["serve"], env=environment).exit_code == 0
    [line] = [line for line in capfd.readouterr().err.splitlines() if "it is locked" in line]
    assert json.loads(line)["level"] == "ERROR"
