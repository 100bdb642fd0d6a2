"""The commands tell in one line what is wrong with the database."""

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from webapp.cli import main
from webapp.settings import Settings
from webapp.storage.database import Database

COMMANDS = (
    ("db", "expire"),
    ("backup", "file.zip"),
    ("models", "list"),
    ("models", "promote", "shipped"),
    ("models", "rollback"),
)


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
