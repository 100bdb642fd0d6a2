"""Housekeeping goes on, whatever one round of it meets."""

import threading
import time

from webapp.retraining import worker
from webapp.retraining.worker import Worker
from webapp.settings import Settings
from webapp.storage.database import Database


def test_housekeeping_goes_on_after_an_error_that_is_not_the_databases(
    tmp_path, monkeypatch, caplog
):
    monkeypatch.setattr(worker, "_HOUSEKEEPING_EVERY", 0.01)
    monkeypatch.setattr(worker, "_EXPIRE_EVERY", 0.0)
    settings = Settings(home=str(tmp_path), keep_days=999_999_999)  # before the calendar begins
    database = Database(settings.database)
    database.upgrade()
    keeper = Worker(settings, database, tmp_path)
    thread = threading.Thread(target=keeper._keep_house, daemon=True)
    thread.start()
    deadline = time.monotonic() + 60
    while caplog.text.count("housekeeping failed") < 3:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert thread.is_alive()
    keeper._stopping.set()
    thread.join(60)
