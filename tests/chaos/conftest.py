"""A running site to disturb, and what it promises all the same."""

from __future__ import annotations

import os
from collections.abc import Callable, Container, Iterator
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select

from tests.chaos.load import LOST, Answer, Load, request
from tests.conftest import ROOT
from tests.webapp.test_serving import GUNICORN, SERVE, Server, running
from webapp.settings import Settings
from webapp.storage.database import Database
from webapp.storage.tables import Drawing

TOKEN = "a-token-for-scripts"
ADMIN = {"Authorization": f"Bearer {TOKEN}", "Accept": "application/json"}
SETTINGS = {
    "INKLING_ADMIN_TOKEN": TOKEN,
    "INKLING_RATE_LIMIT": "0",
    "INKLING_CORRECTIONS_PER_DAY": "100000",
}
CALM_REQUESTS = 100
CROWD = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
"""Processes that test at once, each of which may compute when the site would."""


class Site:
    """A server of this installation, and how quick it is when nothing happens."""

    def __init__(self, server: Server, settings: Settings) -> None:
        self.server = server
        self.settings = settings
        self.home = settings.home_folder

    def load(self, clients: int = 4, **options: tuple[str, ...]) -> Load:
        return Load(self.server.port, clients, **options)

    def get(self, path: str, **headers: str) -> Answer:
        return request(self.server.port, path, "GET", path, **headers)

    def post(self, path: str, body: bytes = b"", **headers: str) -> Answer:
        return request(self.server.port, path, "POST", path, body, **headers)

    @cached_property
    def longest(self) -> float:
        """Seconds that a request may take: one, or more where others compute or all is slow."""
        with self.load() as load:
            load.wait_for(CALM_REQUESTS)
        self.check(load, 10)
        return max(1.0 * CROWD, 5 * load.slowest.seconds)

    def check(
        self, load: Load, seconds: float, lost: int = 0, refused: Container[str] = ()
    ) -> None:
        """Check the promises: quick answers, no 5xx but 503 for `refused` kinds, nothing forgotten.

        `lost` is the number of requests that may have broken off.
        """
        assert load.slowest.seconds < seconds, load.slowest
        bad = [answer for answer in load.answers if answer.status not in {200, 201}]
        broken = [answer for answer in bad if answer.status == LOST]
        assert len(broken) <= lost, broken
        others = [each for each in bad if each.status != LOST]
        assert all(each.status == 503 and each.kind in refused for each in others), others
        self.check_stored(load)

    def check_stored(self, load: Load) -> None:
        """Check that every acknowledged drawing is in the database."""
        assert load.acknowledged <= self.stored()

    def stored(self) -> set[str]:
        """The ids of the drawings in the database."""
        database = Database(self.settings.database)
        with database.reading() as session:
            found = set(session.scalars(select(Drawing.id)))
        database.engine.dispose()
        return found

    def faults(self) -> tuple[int, str, set[str]]:
        """What /readyz says: HTTP status, status, and the parts that have faults."""
        answer = self.get("/readyz")
        told = answer.json()
        return answer.status, told["status"], set(told["faults"])


CHANGED = """
exec(compile(open({path!r}).read(), {path!r}, "exec"), globals())
begin = post_worker_init
{change}
def post_worker_init(worker):
    before_workers_begin()
    begin(worker)
"""
"""Our configuration of gunicorn, with a change to its workers."""
NO_CHANGE = "before_workers_begin = lambda: None"


def _with_change(home: Path, change: str) -> tuple[str, ...]:
    """The command of a server whose workers call the function `before_workers_begin` first.

    Unlike `inkling serve`, it does not look at the database before.
    """
    configuration = home / "changed.conf.py"
    path = str(ROOT / "webapp" / "gunicorn.conf.py")
    configuration.write_text(CHANGED.format(path=path, change=change))
    return (*GUNICORN, "-c", str(configuration))


StartSite = Callable[..., Site]


@pytest.fixture(scope="module")
def start_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartSite]:
    """Start sites that run until the end of the module."""
    with ExitStack() as stack:

        def start(home: Path | None = None, change: str = "", **settings: str) -> Site:
            home = home or tmp_path_factory.mktemp("home")
            command = _with_change(home, change) if change else SERVE
            site = Settings(home=str(home), database_url=settings.get("INKLING_DATABASE_URL", ""))
            if change and change != NO_CHANGE:
                Database(site.database).upgrade()
            server = Server(home, command=command, **SETTINGS | settings)
            stack.enter_context(running(server))
            return Site(server, site)

        yield start


@pytest.fixture(scope="module")
def site(start_site: StartSite) -> Site:
    """The site of the tests of one file."""
    return start_site()


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng()
