"""Promotions and rollbacks that race each other, and a shutdown in the middle of them."""

from __future__ import annotations

import itertools
import signal
import threading

from sqlalchemy import select

from tests.chaos.conftest import ADMIN, Site, StartSite
from tests.chaos.load import until
from trainer.recognition.bundle import PRETRAINED, read_bundle
from webapp.inference.versions import SHIPPED, Versions
from webapp.storage.database import Database
from webapp.storage.tables import Activation

ADMINS = 3
SHIPPED_VERSION = read_bundle(PRETRAINED / "inkling").card.version


class Admins:
    """A block during which admins promote these versions and roll back; what the site confirmed."""

    def __init__(self, site: Site, versions: list[str]) -> None:
        self.confirmed: list[str] = []
        self.statuses: list[int] = []
        self._site = site
        paths = [f"{version}/promote" for version in versions]
        self._paths = itertools.cycle([*paths, "rollback"])
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._act) for _ in range(ADMINS)]

    def __enter__(self) -> Admins:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def _act(self) -> None:
        while not self._stopping.is_set():
            answer = self._site.post(f"/admin/versions/{next(self._paths)}", **ADMIN)
            self.statuses.append(answer.status)
            if answer.status == 200:
                self.confirmed.append(answer.json()["active"])


def test_racing_promotions_and_a_shutdown_lose_no_confirmed_one(start_site: StartSite, tmp_path):
    database = Database(f"sqlite:///{tmp_path / 'inkling.db'}")
    database.upgrade()
    versions = Versions(database)
    names = [versions.add(PRETRAINED / name).card.version for name in ("lenet5", "cnn", "mlp")]
    site = start_site(tmp_path)
    longest = site.longest
    with site.load() as load, Admins(site, names) as admins:
        until(lambda: len(admins.confirmed) > 20)
        site.server.process.send_signal(signal.SIGTERM)
        lost = admins.statuses.count(0)
        until(lambda: admins.statuses.count(0) > lost)
    assert site.server.process.wait(40) == 0
    assert set(admins.statuses) <= {200, 409, 0}  # 409: nothing to roll back; 0: it has stopped
    served = [answer for answer in load.answers if answer.status]
    assert {answer.status for answer in served} <= {200, 201}
    assert max(answer.seconds for answer in served) < longest
    site.check_stored(load)

    with database.reading() as session:
        stored = [each.version for each in session.scalars(select(Activation))]
    database.engine.dispose()
    assert set(admins.confirmed) <= set(stored)  # promoting the active version stores nothing
    again = start_site(tmp_path)
    expected = SHIPPED_VERSION if stored[-1] == SHIPPED else stored[-1]
    until(lambda: again.get("/readyz").json()["version"] == expected)
