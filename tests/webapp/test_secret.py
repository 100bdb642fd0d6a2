"""The secret key is the same for all processes, whatever they share."""

import pytest

from tests.conftest import new_database
from webapp.secret import secret_key
from webapp.settings import Settings
from webapp.storage.database import Database


@pytest.fixture
def server(postgres):
    database = Database(Settings(database_url=new_database(postgres)).database)
    database.upgrade()
    yield database
    database.engine.dispose()


def local(folder) -> Database:
    database = Database(f"sqlite:///{folder / 'inkling.db'}")
    database.upgrade()
    return database


def test_hosts_on_one_server_have_the_same_key_and_nothing_else_in_common(server, tmp_path):
    key = secret_key("", tmp_path / "a", server)
    assert len(key) == 64
    assert secret_key("", tmp_path / "b", server) == key
    assert secret_key("given", tmp_path / "b", server) == "given"


def test_the_key_of_a_former_release_goes_on_for_all_hosts(server, tmp_path):
    (tmp_path / "secret_key").write_text("former")
    assert secret_key("", tmp_path, server) == "former"
    assert secret_key("", tmp_path / "b", server) == "former"
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "secret_key").write_text("another's")
    assert secret_key("", tmp_path / "c", server) == "former"


def test_while_the_server_is_away_a_host_has_the_last_key(server, tmp_path, caplog):
    away = Database(f"postgresql+psycopg://nobody@/none?host={tmp_path}", patience=1)
    key = secret_key("", tmp_path, server)
    assert secret_key("", tmp_path, away) == key
    assert "cannot be read" in caplog.text
    file = tmp_path / "secret_key"
    assert (file.read_text(), file.stat().st_mode & 0o777) == (key, 0o600)


def test_with_sqlite_the_key_is_in_a_file_that_others_cannot_read(tmp_path):
    database = local(tmp_path)
    key = secret_key("", tmp_path, database)
    file = tmp_path / "secret_key"
    assert (file.read_text(), file.stat().st_mode & 0o777) == (key, 0o600)
    assert secret_key("", tmp_path, database) == key
    assert not any(key.encode() in each.read_bytes() for each in tmp_path.glob("inkling.db*"))


def test_without_a_home_folder_that_can_be_written_it_is_in_the_database(tmp_path, caplog):
    (tmp_path / "file").touch()
    home = tmp_path / "file" / "home"
    assert secret_key("", home, Database(f"sqlite:///{home}/inkling.db"))
    assert "sessions end with the process" in caplog.text
    database = local(tmp_path)
    assert secret_key("", home, database) == secret_key("", home, database)
