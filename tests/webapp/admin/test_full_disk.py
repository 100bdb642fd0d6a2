"""On a full disk drawings can still be deleted, and then there is room again."""

import os
import re
import subprocess
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from sqlalchemy import insert, update

from tests.conftest import installed
from tests.webapp.admin.test_admin import BEARER, JSON, PASSWORD, TOKEN, log, sign_in, states
from tests.webapp.storage.test_migrations import ROW
from tests.webapp.test_serving import Server, until
from webapp.settings import Settings
from webapp.storage import full_disk, imports
from webapp.storage.database import DatabaseUnavailable
from webapp.storage.drawings import expire
from webapp.storage.liveness import LOST_AFTER
from webapp.storage.tables import Drawing, Import, now


@pytest.fixture
def disk(tmp_path):
    """A file system of 24 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", folder]
    if os.geteuid() or subprocess.run(mount, check=False).returncode:
        pytest.skip("mounting a small disk needs root")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


@pytest.fixture
def app(disk):
    with installed(Settings(home=str(disk), admin_token=TOKEN, admin_password=PASSWORD)) as app:
        full_disk.keep_reserve(app.extensions["inkling"].database)  # as `inkling serve` does
        yield app


def free(disk: Path) -> int:
    return os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize


@pytest.fixture
def full(app, database, disk):
    """The disk is full of drawings, and of something else to the last byte."""

    def fill_database() -> None:
        for number in range(10_000):
            with database.writing() as session:
                own = dict.fromkeys(("id", "fingerprint"), str(number))
                session.execute(insert(Drawing), [ROW | own | {"picture": bytes(50_000)}])

    with pytest.raises(DatabaseUnavailable, match="full"):
        fill_database()
    fill(disk)
    return disk


def fill(disk: Path) -> None:
    with suppress(OSError), (disk / "something else").open("ab", buffering=0) as file:
        while True:
            file.write(bytes(512))
    assert free(disk) == 0


def lose_an_import(database) -> str:
    """One with a drawing, whose process is gone."""
    staging = imports.add(database, "test", "lost.zip")
    staging.begin()
    staging.stage([ROW | dict.fromkeys(("id", "fingerprint"), "lost")])
    with database.writing() as session:
        session.execute(update(Import).values(heartbeat=now() - 2 * LOST_AFTER))
    return staging.id


@contextmanager
def serving(disk: Path, tmp_path: Path):
    """The real server, with its log elsewhere."""
    log = str(tmp_path / "server.log")
    server = Server(disk, log=log, INKLING_WORKERS="1", INKLING_ADMIN_TOKEN=TOKEN)
    try:
        until(lambda: answers(server), server)
        yield server
        assert server.stop() == 0
    finally:
        server.process.kill()
        server.process.wait()


def answers(server: Server) -> bool:
    with suppress(OSError):
        return server.get("/healthz")[0] == 200
    return False


def test_a_server_starts_on_a_full_disk_after_a_clean_stop(database, disk, tmp_path):
    identity = lose_an_import(database)
    database.engine.dispose()
    assert not Path(f"{disk}/inkling.db-shm").exists()
    fill(disk)
    with serving(disk, tmp_path) as server:
        assert imports.find(database, identity).is_cleared
        assert server.get("/admin/drawings/delete", b"", **BEARER, **JSON)[0] == 200


def test_a_server_starts_where_nothing_can_be_cleaned_up(database, disk, tmp_path):
    lost = lose_an_import(database)
    assert imports.newest(database, 1)[0].id == lost
    Path(f"{disk}/inkling.db.reserve").unlink()
    fill(disk)
    with serving(disk, tmp_path) as server:
        assert "cleaning up failed: database or disk is full" in server.log.read_text()


def test_a_lost_import_leaves_the_page_where_all_is_deleted_usable(client, database, disk):
    lose_an_import(database)
    fill(disk)
    assert client.get("/admin/", headers=BEARER).status_code == 200
    assert [each.state for each in imports.newest(database, 5)] == ["lost"]


def test_a_lost_import_that_cannot_be_marked_is_still_shown(client, database, disk):
    lose_an_import(database)
    Path(f"{disk}/inkling.db.reserve").unlink()
    fill(disk)
    assert client.get("/admin/", headers=BEARER).status_code == 200
    assert [each.state for each in imports.newest(database, 5)] == ["running"]


def test_what_strangers_send_leaves_the_reserve_for_deletions(app, client, database, disk):
    """Wrong passwords from everywhere, while somebody takes each byte that is released."""
    with database.writing() as session:
        rows = [ROW | dict.fromkeys(("id", "fingerprint"), str(number)) for number in range(20)]
        session.execute(insert(Drawing), rows)
    fill(disk)
    for number in range(100):
        sign_in(app.test_client(), "wrong", REMOTE_ADDR=f"10.{number}.0.1")
        fill(disk)
    reserve = Path(f"{disk}/inkling.db.reserve")
    assert reserve.stat().st_blocks * 512 >= full_disk.RESERVE_BYTES * 3 // 4
    response = client.delete("/admin/api/drawings", headers=BEARER | JSON)
    assert response.get_json() == {"deleted": 20}


def test_the_reserve_is_made_again_once_there_is_room(app, disk):
    """By whoever writes next, and as far as there is room."""

    def size() -> int:
        return Path(f"{disk}/inkling.db.reserve").stat().st_blocks * 512

    fill(disk)
    for _ in range(3):
        assert sign_in(app.test_client()).status_code == 302
        fill(disk)
    used = size()
    assert used < full_disk.RESERVE_BYTES
    os.truncate(disk / "something else", (disk / "something else").stat().st_size - (96 << 10))
    assert sign_in(app.test_client()).status_code == 302
    some = size()
    assert used < some < full_disk.RESERVE_BYTES
    (disk / "something else").unlink()
    assert sign_in(app.test_client()).status_code == 302
    assert size() == full_disk.RESERVE_BYTES


def test_whoever_makes_room_on_a_full_disk_can_sign_in_first(app, database, full):
    client = app.test_client()
    assert sign_in(client).status_code == 302
    page = client.get("/admin/drawings/delete").text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token
    response = client.post("/admin/drawings/delete", data={"csrf_token": token[1]})
    assert response.status_code == 302
    assert states(database) == {}


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/admin/drawings/delete"), ("DELETE", "/admin/api/drawings")]
)
def test_all_drawings_are_deleted_on_a_full_disk(client, database, full, method, path):
    count = len(states(database))
    response = client.open(path, method=method, headers=BEARER | JSON)
    assert response.get_json() == {"deleted": count}
    assert states(database) == {}
    assert log(database) == ["deleted"]
    assert free(full) > 15 << 20
    assert Path(f"{full}/inkling.db.reserve").stat().st_size == full_disk.RESERVE_BYTES


@pytest.mark.parametrize(("limit", "expected"), [(32 << 20, True), (0, False)])
def test_only_a_small_database_is_rewritten_in_memory(database, monkeypatch, limit, expected):
    monkeypatch.setattr(full_disk, "_REWRITTEN_IN_MEMORY", limit)
    database.engine.dispose()
    statements: list[str] = []
    connection = database.engine.raw_connection()
    connection.driver_connection.set_trace_callback(statements.append)
    connection.close()  # to the pool, which has no other
    full_disk.shrink(database)
    assert "VACUUM" in statements
    assert ("PRAGMA temp_store = MEMORY" in statements) == expected


def test_single_drawings_are_deleted_on_a_full_disk(client, database, full):
    before = len(states(database))
    for number in range(3):
        assert client.delete(f"/admin/api/drawings/{number}", headers=BEARER).status_code == 204
    assert client.delete("/admin/api/drawings?state=new", headers=BEARER).status_code == 200
    assert len(states(database)) == before - 3
    assert expire(database, 1) == before - 3


def test_an_import_that_fills_the_disk_leaves_it_as_it_was(database, disk):
    staging = imports.add(database, "test", "large.zip")
    staging.begin()

    def stage_all() -> None:
        for number in range(10_000):
            own = dict.fromkeys(("id", "fingerprint"), str(number))
            staging.stage([ROW | own | {"picture": bytes(50_000)}])

    with pytest.raises(DatabaseUnavailable, match="full"):
        stage_all()
    staging.fail("database", "the database did not take it")
    imports.clear(database)
    assert imports.find(database, staging.id).is_cleared
    with database.writing() as session:  # there is room again
        own = dict.fromkeys(("id", "fingerprint"), "mine")
        session.execute(insert(Drawing), [ROW | own | {"picture": bytes(500_000)}])
    assert list(states(database)) == ["mine"]


def test_an_upload_that_the_disk_cannot_hold_is_503(client, full, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(full))
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="large.zip"\r\n\r\n'
    body = head + bytes(1 << 20) + b"\r\n--x--\r\n"
    kind = "multipart/form-data; boundary=x"
    response = client.post("/admin/drawings", data=body, content_type=kind, headers=BEARER | JSON)
    assert (response.status_code, response.get_json()["code"]) == (503, "no_room")
