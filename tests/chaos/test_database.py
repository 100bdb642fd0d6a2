"""A database that is locked, silent or away: pictures are read on, and what cannot be is 503."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from tests.chaos.conftest import ADMIN, NO_CHANGE, Site, StartSite
from tests.chaos.load import Load, until
from tests.conftest import new_database

WITHOUT_DATABASE = ("predict", "number", "page", "health")
READ = 12
"""Predictions to wait for meanwhile."""
LONGEST_REFUSAL = 3.0
"""Seconds within which feedback is refused."""


@pytest.fixture(scope="module")
def shared(start_site: StartSite, postgres: Path) -> Site:
    """A site on a PostgreSQL server."""
    return start_site(INKLING_DATABASE_URL=new_database(postgres))


@contextmanager
def locked(site: Site) -> Iterator[None]:
    """Hold SQLite's write lock, as a forgotten shell does."""
    with closing(sqlite3.connect(site.home / "inkling.db", isolation_level=None)) as shell:
        shell.execute("BEGIN IMMEDIATE")
        yield


@contextmanager
def silent(postgres: Path) -> Iterator[None]:
    """Stop all processes of a PostgreSQL server: its sockets stay open, and nobody answers."""
    master = psutil.Process(int((postgres / "data/postmaster.pid").read_text().split()[0]))
    os.kill(master.pid, signal.SIGSTOP)  # first, as it would start others
    processes = [master, *master.children()]
    try:
        for process in processes:
            process.suspend()
        yield
    finally:
        for process in reversed(processes):
            process.resume()


def check_refusals(site: Site, load: Load) -> None:
    """Check that pictures and pages went on, and that feedback was told soon to come again."""
    for answer in load.of(*WITHOUT_DATABASE):
        assert answer.status == 200, answer
        assert answer.seconds < site.longest, answer
    refused = [answer for answer in load.of("feedback") if answer.status != 201]
    assert refused
    for answer in refused:
        assert answer.status == 503, answer
        assert answer.seconds < LONGEST_REFUSAL + site.longest - 1, answer
        assert int(answer.retry_after) > 0
        assert answer.json()["code"] == "not_kept"
    site.check_stored(load)


def recovered(site: Site) -> bool:
    with site.load() as load:
        load.wait_for(4, "feedback")
    return all(answer.status == 201 for answer in load.of("feedback"))


def test_a_held_lock_stops_only_what_writes(site):
    site.longest  # noqa: B018
    with site.load() as load, locked(site):
        until(lambda: any(answer.status == 503 for answer in load.of("feedback")))
        until(lambda: site.faults() == (503, "degraded", {"database"}))
        load.wait_for(READ, "predict")
        assert site.get("/healthz").status == 200
        assert site.get("/admin/", **ADMIN).status == 200  # reading needs no lock
    check_refusals(site, load)
    until(lambda: recovered(site))
    until(lambda: site.faults() == (200, "ok", set()))


def test_a_silent_postgresql_stops_only_what_needs_it(shared, postgres):
    shared.longest  # noqa: B018
    with shared.load() as load:
        load.wait_for(4, "feedback")
        with silent(postgres):
            until(lambda: any(answer.status == 503 for answer in load.of("feedback")))
            # All hosts share the fault, so that none is taken out of rotation.
            until(lambda: shared.faults() == (200, "degraded", {"database"}))
            load.wait_for(READ, "predict")
            page = shared.get("/admin/", **ADMIN)
            assert (page.status, int(page.retry_after) > 0) == (503, True)
            assert page.seconds < LONGEST_REFUSAL + shared.longest - 1
        until(lambda: load.answers[-1].kind == "feedback" and load.answers[-1].status == 201)
    check_refusals(shared, load)
    until(lambda: recovered(shared))
    until(lambda: shared.faults() == (200, "ok", set()))


def test_a_postgresql_that_ends_its_connections_is_used_again(shared, postgres):
    shared.longest  # noqa: B018
    with shared.load() as load:
        load.wait_for(4, "feedback")
        master = psutil.Process(int((postgres / "data/postmaster.pid").read_text().split()[0]))
        for process in master.children():
            with suppress(psutil.NoSuchProcess):  # others begin and end all the time
                if "test_" in " ".join(process.cmdline()):  # a session of one of our databases
                    process.terminate()
        load.wait_for(8, "feedback")
    shared.check(load, shared.longest, refused={"feedback"})
    assert recovered(shared)


def test_a_server_that_accepts_and_never_answers_stops_only_what_needs_it(start_site):
    """From the start: gunicorn is started by itself, as `inkling serve` upgrades the schema."""
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"postgresql://nobody@127.0.0.1:{mute.getsockname()[1]}/none?sslmode=disable"
        site = start_site(change=NO_CHANGE, INKLING_DATABASE_URL=url)
        with site.load() as load:
            until(lambda: any(answer.status == 503 for answer in load.of("feedback")))
            load.wait_for(READ, "predict")
        assert site.faults() == (200, "degraded", {"database"})
    for answer in load.of(*WITHOUT_DATABASE):
        assert answer.status == 200, answer
