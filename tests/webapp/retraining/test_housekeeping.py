"""The worker beside its runs: it ends at once without torch, and keeps house, whatever it meets."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from webapp.retraining import lessons, runs, worker
from webapp.retraining.options import RetrainingOptions
from webapp.retraining.worker import Worker
from webapp.settings import Settings
from webapp.storage import run_files
from webapp.storage.database import Database
from webapp.storage.file_tables import RunFile
from webapp.storage.lessons import Lesson
from webapp.storage.tables import Run, RunStatus, now


def test_a_worker_without_torch_ends_and_claims_nothing(tmp_path, monkeypatch, caplog):
    """Or it would fail every run that another one could do."""
    settings = Settings(home=str(tmp_path))
    database = Database(settings.database)
    database.upgrade()
    with database.writing() as session:
        runs.enqueue(session, RetrainingOptions(), "somebody")
    monkeypatch.setattr(worker, "find_spec", lambda _name: None)
    with pytest.raises(SystemExit) as ended:
        Worker(settings, database, tmp_path).run()
    assert ended.value.code == 1
    [record] = [each for each in caplog.records if each.levelname == "ERROR"]
    assert "pip install 'inkling[train]'" in record.message
    with database.reading() as session:
        assert session.scalars(select(Run.state)).all() == [RunStatus.QUEUED]


@contextmanager
def keeping_house(settings: Settings, database: Database, home: Path) -> Iterator[threading.Thread]:
    keeper = Worker(settings, database, home)
    thread = threading.Thread(target=keeper._keep_house, daemon=True)
    thread.start()
    try:
        yield thread
    finally:
        keeper._stopping.set()
        thread.join(60)


def test_it_deletes_what_ended_runs_and_lessons_have_left(tmp_path, monkeypatch):
    monkeypatch.setattr(worker, "_HOUSEKEEPING_EVERY", 0.01)
    settings = Settings(home=str(tmp_path))
    database = Database(settings.database)
    database.upgrade()
    with database.writing() as session:
        run = runs.enqueue(session, RetrainingOptions(), "somebody")
        lesson = lessons.enqueue(session, "class", "somebody", "none")
        session.flush()
        run.state = RunStatus.DONE
        lesson.state, lesson.ended = RunStatus.DONE, now() - lessons.KEPT_FOR - timedelta(hours=1)
        run_files.put(session, run.id, "checkpoint", 0, b"x")

    def left() -> int | None:
        with database.reading() as session:
            files = session.scalar(select(func.count()).select_from(RunFile))
            there = session.scalar(select(func.count()).select_from(Lesson))
        return (files or 0) + (there or 0)

    assert left() == 2
    with keeping_house(settings, database, tmp_path) as thread:
        deadline = time.monotonic() + 60
        while left():
            assert time.monotonic() < deadline
            assert thread.is_alive()
            time.sleep(0.01)


def test_housekeeping_goes_on_after_an_error_that_is_not_the_databases(
    tmp_path, monkeypatch, caplog
):
    monkeypatch.setattr(worker, "_HOUSEKEEPING_EVERY", 0.01)
    monkeypatch.setattr(worker, "_EXPIRE_EVERY", 0.0)
    settings = Settings(home=str(tmp_path), keep_days=999_999_999)  # before the calendar begins
    database = Database(settings.database)
    database.upgrade()
    with keeping_house(settings, database, tmp_path) as thread:
        deadline = time.monotonic() + 60
        while caplog.text.count("housekeeping failed") < 3:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert thread.is_alive()
