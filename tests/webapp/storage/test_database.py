"""A database as it is opened: one engine for all threads."""

import threading

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
