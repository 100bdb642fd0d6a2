"""What lies on the disk is damaged or gone: a corrupt database, a deleted version, a full disk."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from tests.chaos.conftest import SETTINGS, Site
from tests.chaos.load import JSON, seven, until
from tests.webapp.test_serving import Server
from tests.webapp.version_files import spoil
from trainer.recognition.bundle import PRETRAINED
from webapp.inference.versions import Versions
from webapp.storage.database import Database

WITHOUT_DATABASE = ("predict", "number", "page", "health")
DISK_BYTES = 40 << 20
"""Size of the small disk; /readyz wants 20 MiB free."""


def overwrite(file: Path, where: int, length: int) -> None:
    """Overwrite a part of a file in place with noise, as a broken disk does."""
    with file.open("r+b") as opened:
        opened.seek(where)
        opened.write(np.random.default_rng(0).bytes(length))


def filled(site: Site) -> Path:
    """The database file of a site after some feedback, all of it in the file itself."""
    with site.load() as load:
        load.wait_for(20, "feedback")
    site.check_stored(load)
    database = Database(site.settings.database)
    with database.engine.connect() as connection:
        until(lambda: connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()[0] == 0)
    database.engine.dispose()
    return site.home / "inkling.db"


@pytest.mark.parametrize("where", ["start", "middle"])
def test_a_database_that_is_damaged_while_it_runs_stops_only_feedback(start_site, where):
    site = start_site()
    site.longest  # noqa: B018
    file = filled(site)
    if where == "start":
        overwrite(file, 0, 8192)
    else:
        overwrite(file, 4096, file.stat().st_size - 4096)
    with site.load() as load:
        load.wait_for(10, "feedback")
        # Each worker tells when it has met the damage.
        until(lambda: all(site.faults() == (503, "degraded", {"database"}) for _ in range(8)))
        load.wait_for(30, "predict")
    for answer in load.of(*WITHOUT_DATABASE):
        assert answer.status == 200, answer
        assert answer.seconds < site.longest, answer
    assert {answer.status for answer in load.of("feedback")} <= {201, 503}, load.statuses


@pytest.mark.parametrize("where", ["start", "middle"])
def test_a_server_on_a_damaged_database_says_so_in_one_line(tmp_path, where):
    database = Database(f"sqlite:///{tmp_path / 'inkling.db'}")
    database.upgrade()
    database.engine.dispose()
    file = tmp_path / "inkling.db"
    overwrite(file, 0 if where == "start" else 1024, 16384)
    server = Server(tmp_path, **SETTINGS)
    assert server.process.wait(40) == 1
    lines = server.log.read_text().splitlines()
    assert len(lines) == 1, lines
    assert "inkling.db cannot be opened" in lines[0]


def test_a_deleted_version_is_answered_on_and_the_one_before_takes_over_after_a_restart(
    start_site, tmp_path
):
    database = Database(f"sqlite:///{tmp_path / 'inkling.db'}")
    database.upgrade()
    versions = Versions(database)
    first, second = (versions.add(PRETRAINED / name).card.version for name in ("lenet5", "cnn"))
    for version in (first, second):
        versions.promote(version, "test")
    site = start_site(tmp_path)
    # Each worker logs the version once it has it.
    until(lambda: site.server.log.read_text().count(f"version {second}") == 2)
    assert answering(site) == {second}
    with site.load() as load:
        load.wait_for(10)
        spoil(database, second, "missing")
        load.wait_for(60)
        assert answering(site) == {second}  # it is in memory still
        spoil(database, first, "missing")
        os.kill(max(site.server.workers()), signal.SIGKILL)
        load.wait_for(60)
    site.check(load, site.longest, lost=4)
    until(lambda: len(answering(site)) == 2)  # the new worker has the shipped model
    versions.add(PRETRAINED / "lenet5")
    versions.promote(first, "test")
    until(lambda: answering(site) == {first})


def answering(site: Site) -> set[str]:
    """The versions that the workers have now."""
    return {site.get("/readyz").json()["version"] for _ in range(12)}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a small disk to fill it")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def fill(folder: Path) -> None:
    """Write until the disk is full."""
    with (folder / "ballast").open("ab", buffering=0) as ballast, suppress(OSError):
        while True:
            ballast.write(bytes(4096))


def test_a_full_disk_stops_only_feedback_and_it_goes_on_once_there_is_room(
    start_site, small_disk, rng
):
    """With the database, the counters of requests and the uploads on it."""
    site = start_site(small_disk, TMPDIR=str(small_disk))
    site.longest  # noqa: B018
    filled(site)
    workers = site.server.workers()
    with site.load() as load:
        fill(small_disk)
        until(lambda: any(answer.status == 503 for answer in load.of("feedback")))
        until(lambda: site.faults()[0] == 503)
        assert "disk" in site.faults()[2]
        load.wait_for(30, "predict")
        large = seven(rng) + b" " * (2 << 20)
        upload = site.post("/api/v1/predict", large, **JSON)
        assert (upload.status, upload.json()["code"]) == (503, "no_room")
        assert site.get("/metrics").status == 200
    site.check(load, site.longest, refused={"feedback"})
    assert site.server.workers() == workers

    victim = min(workers)
    os.kill(victim, signal.SIGKILL)  # another one starts on the full disk
    until(lambda: len(site.server.workers() - {victim}) == 2)
    with site.load() as load:
        load.wait_for(60)
    site.check(load, site.longest, refused={"feedback"})
    assert len(workers & site.server.workers()) == 1

    (small_disk / "ballast").unlink()
    with site.load() as load:
        load.wait_for(8, "feedback")
    site.check(load, site.longest)
    until(lambda: site.faults() == (200, "ok", set()))
