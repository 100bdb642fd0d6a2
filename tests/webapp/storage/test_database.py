"""A database as it is opened: one engine for all threads, and files for its user alone."""

import os
import threading
from pathlib import Path

import pytest

from webapp.storage import database as module
from webapp.storage.database import Database


def test_threads_that_ask_at_once_share_an_engine(tmp_path, monkeypatch):
    connect, made = module._connect, []
    start = threading.Barrier(16)

    def slowly(url: str, patience: float) -> object:
        made.append(url)
        threading.Event().wait(0.05)
        return connect(url, patience)

    monkeypatch.setattr(module, "_connect", slowly)
    database = Database(f"sqlite:///{tmp_path / 'inkling.db'}")

    def ask() -> None:
        start.wait()
        assert database.engine

    threads = [threading.Thread(target=ask) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@pytest.fixture(params=[0o022, 0o077])
def umask(request):
    before = os.umask(request.param)
    yield
    os.umask(before)


@pytest.mark.usefixtures("umask")
def test_a_home_folder_and_a_file_that_are_created_are_for_their_user_alone(tmp_path):
    file = tmp_path / "new" / "home" / "inkling.db"
    database = Database(f"sqlite:///{file}")
    database.upgrade()
    with database.writing():  # the files beside it are there
        assert mode(file.parent) == 0o700
        assert {path.name: mode(path) for path in file.parent.iterdir()} == dict.fromkeys(
            ("inkling.db", "inkling.db-wal", "inkling.db-shm"), 0o600
        )
    database.engine.dispose()


def test_the_modes_of_what_is_there_are_not_changed(tmp_path):
    home = tmp_path / "home"
    home.mkdir(mode=0o750)
    (home / "inkling.db").touch(mode=0o640)
    Database(f"sqlite:///{home / 'inkling.db'}").upgrade()
    assert (mode(home), mode(home / "inkling.db")) == (0o750, 0o640)
