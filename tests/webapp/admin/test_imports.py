"""Imports: beside the requests, all or nothing, and within limits whatever is sent."""

import gzip
import io
import json
import struct
import threading
import time
import tracemalloc
import warnings
import zipfile
import zlib
from contextlib import contextmanager
from datetime import datetime

import numpy as np
import pytest
from sqlalchemy import func, select, text, update

from tests.conftest import installed
from tests.webapp.admin.test_admin import BEARER, JSON, TOKEN, import_file, imported, log, states
from trainer.recognition.image import as_png
from trainer.recognition.recognizer import Recognizer
from webapp.storage import import_files, imports
from webapp.storage.database import Database
from webapp.storage.drawings import accepted
from webapp.storage.liveness import LOST_AFTER
from webapp.storage.tables import Drawing, Import, ImportStatus, now
from webapp.storage.visibility import UNFINISHED_TOO

pytestmark = pytest.mark.slow


@pytest.fixture
def app(settings):
    with installed(settings(admin_token=TOKEN)) as app:
        yield app


def record(number: int = 0, **changes: object) -> bytes:
    """A line with a drawing, different for each number."""
    strokes = [[[1, 1], [90, 1], [50, 150 - number]]]
    return json.dumps({"label": "7", "strokes": strokes, "writer": "a"} | changes).encode() + b"\n"


def archive_of(*entries: tuple[str, bytes], **options: object) -> bytes:
    file = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(file, "w", **options) as archive:
        warnings.simplefilter("ignore")
        for name, content in entries:
            archive.writestr(name, content)
    return file.getvalue()


def patched(content: bytes, signature: bytes, offset: int, value: bytes) -> bytes:
    """A file with a field of its last structure of that kind overwritten."""
    at = content.rindex(signature) + offset
    return content[:at] + value + content[at + len(value) :]


def bomb(megabytes: int) -> bytes:
    """Zeros, compressed by gzip a thousandfold."""
    packer = zlib.compressobj(9, wbits=31)
    chunks = [packer.compress(bytes(1 << 20)) for _ in range(megabytes)]
    return b"".join([*chunks, packer.flush()])


def damaged_deflate() -> bytes:
    content = bytearray(gzip.compress(b"".join(record(n) for n in range(40)), mtime=0))
    content[40:60] = bytes(20)
    return bytes(content)


def line_with(points: str) -> bytes:
    return b'{"label":"7","writer":"a","strokes":[[%s]]}\n' % points.encode()


LINES = {
    "ragged points": (line_with("[1,2],[1]"), "line 2"),
    "text for a point": (line_with('"ab","cd"'), "line 2"),
    "NaN": (line_with("[1,NaN],[2,2]"), "line 2"),
    "infinity": (line_with("[1,1e999],[2,2]"), "line 2"),
    "huge numbers": (line_with("[1,1e300],[2,-1e300]"), "line 2"),
    "no strokes": (b'{"label":"7","writer":"a","strokes":[[],[]]}\n', "line 2"),
    "not UTF-8": (b'{"label":"7","writer":"\xff","strokes":[[[1,2]]]}\n', "line 2"),
    "UTF-16": ('{"label":"7"}'.encode("utf-16"), "line 2"),
    "half a surrogate": (b'{"label":"7","writer":"\\ud800","strokes":[[[1,2]]]}\n', "line 2"),
    "nested deeply": (b'{"label":"7","x":' + b"[" * 100_000 + b"\n", "line 2"),
    "an absurd label": (record(label="12a"), "line 2"),
    "a label of another kind": (record(label=7), "line 2"),
    "a million points": (record(strokes=[[[0.0, 1.0]] * 1_000_000]), "line 2"),
    "too many points": (record(strokes=[[[n % 99, 1] for n in range(20_001)]]), "20,000 points"),
    "a line without an end": (b" " * (5 << 20), "line 2"),
}


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_a_malformed_line_is_one_clear_400_that_says_where(client, database, pack):
    for case, (content, told) in LINES.items():
        refused(client, database, pack(record() + content + record(3)), told, case)


def refused(client, database, content: bytes, told: str, case: str = "") -> None:
    """The file is refused with these words, and nothing of it remains."""
    response = import_file(client, content, "file")
    answer = response.get_json()
    if response.status_code == 200:  # it took long, and was followed to its end
        code, detail = answer["code"], answer["error"]
    else:
        assert response.status_code == 400, (case, response.text)
        code, detail = answer["code"], answer["detail"]
    assert code == "bad_import", case
    assert told in detail, case
    assert "\n" not in detail, case
    until(lambda: everything_stored(database) == [])


def everything_stored(database) -> list[str]:
    """The ids of all drawings, those of unfinished imports too."""
    with database.reading() as session:
        return list(session.scalars(select(Drawing.id), execution_options=UNFINISHED_TOO))


def until(condition) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


PNG = as_png(np.pad(np.zeros((80, 6), np.uint8), 40, constant_values=255))
GOOD = ("train/1/good.png", PNG)
BAD = archive_of(GOOD, ("7/x.png", PNG))
CENTRAL, LOCAL, END = b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06"

ARCHIVES = {
    "a wrong CRC": (patched(BAD, CENTRAL, 16, b"abcd"), "entry 7/x.png"),
    "a wild offset": (patched(BAD, CENTRAL, 42, b"\xff\xff\xff\x7f"), "entry 7/x.png"),
    "another entry's offset": (patched(BAD, CENTRAL, 42, bytes(4)), "entry 7/x.png"),
    "a wrong size": (patched(BAD, CENTRAL, 24, struct.pack("<L", 9_999)), "entry 7/x.png"),
    "a huge size": (patched(BAD, CENTRAL, 24, struct.pack("<L", 99 << 20)), "entry 7/x.png"),
    "a directory too far": (patched(BAD, END, 16, b"\xff\xff\xff\x7f"), "entry train/1/good.png"),
    "a directory too large": (patched(BAD, END, 12, b"\xff\xff\xff\x7f"), "ZIP"),
    "encrypted": (patched(patched(BAD, CENTRAL, 8, b"\1"), LOCAL, 6, b"\1"), "encrypted"),
    "an unknown method": (patched(BAD, CENTRAL, 10, b"\x63"), "entry 7/x.png"),
    "packed by LZMA": (archive_of(("7/x.png", PNG), compression=zipfile.ZIP_LZMA), "7/x.png"),
    "two of one name": (archive_of(GOOD, ("7/x.png", PNG), ("7/x.png", PNG)), "entry 7/x.png"),
    "a name that is not UTF-8": (
        patched(patched(BAD, CENTRAL, 9, b"\x08"), CENTRAL, 46, b"\xff"),
        "ZIP",
    ),
    "no picture": (archive_of(GOOD, ("7/x.png", b"hello")), "entry 7/x.png"),
    "half a picture": (archive_of(GOOD, ("7/x.png", PNG[:-40])), "entry 7/x.png"),
    "an absurd label": (archive_of(GOOD, ("7/8/seven/x.png", PNG)), "entry 7/8/seven/x.png"),
    "no folder": (archive_of(GOOD, ("x.png", PNG)), "entry x.png"),
    "a picture that unpacks to 11 MB": (
        archive_of(("7/x.png", bytes(11 << 20)), compression=zipfile.ZIP_DEFLATED),
        "entry 7/x.png",
    ),
    "truncated": (BAD[:-30], "ZIP"),
    "no more than its signature": (b"PK but no more", "ZIP"),
}  # fmt: skip


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_malformed_archive_is_one_clear_400_that_says_where(client, database):
    for case, (content, told) in ARCHIVES.items():
        refused(client, database, content, told, case)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_directories_in_an_archive_are_passed_over(client, database):
    content = archive_of(("train/", b""), ("train/1/", b""), GOOD)
    assert imported(client, content, "p.zip") == {"kept": 1, "known": 0, "empty": 0}


GZIP = {
    "damaged deflate": (damaged_deflate(), "the file is damaged"),
    "truncated": (gzip.compress(record())[:-9], "the file is damaged"),
    "a wrong CRC": (gzip.compress(record())[:-8] + bytes(8), "the file is damaged"),
    "something after it": (gzip.compress(record()) + b"hello", "line 2: the file is damaged"),
    "a bomb in one line": (bomb(64), "line 1: it is longer than 4 MB"),
}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_damaged_gzip_file_is_one_clear_400(client, database):
    for case, (content, told) in GZIP.items():
        refused(client, database, content, told, case)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_is_unpacked_is_limited_in_all_and_in_number(client, database, monkeypatch):
    monkeypatch.setattr(import_files, "MAX_BYTES", 1 << 20)
    refused(client, database, gzip.compress((record()[:-1] + b" " * 60_000 + b"\n") * 20), "more")
    refused(client, database, archive_of(*((f"7/{n}", bytes(60_000)) for n in range(20))), "more")
    monkeypatch.setattr(import_files, "MAX_DRAWINGS", 5)
    refused(client, database, record() * 6, "more than 5 drawings")
    refused(client, database, archive_of(*((f"7/{n}", b"") for n in range(6))), "more than 5")


def test_many_entries_cost_little_memory():
    """A directory of 600,000 entries in 28 MB is refused before an object is made of each."""
    entry = CENTRAL + bytes(42)
    end = struct.pack("<4s4H2LH", END, 0, 0, 0xFFFF, 0xFFFF, len(entry) * 600_000, 0, 0)
    file = io.BytesIO(entry * 600_000 + end)
    file = io.BytesIO(b"PK" + file.getvalue())
    tracemalloc.start()
    try:
        with pytest.raises(import_files.BadImport, match="more than 100,000 drawings"):
            next(import_files.read_drawings(file))
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()


def test_what_is_no_digit_is_not_read_as_a_number(client, database, monkeypatch):
    """Counted: a crooked scribble is read once."""
    read: list[str] = []
    for name in ("read", "read_number"):
        method = getattr(Recognizer, name)

        def counting(*arguments, name=name, method=method):
            read.append(name)
            return method(*arguments)

        monkeypatch.setattr(Recognizer, name, counting)
    points = [[int(40 * x + 37 * (x % 3)), (x * 7919) % 90] for x in range(9)]
    assert imported(client, record(strokes=[points], label="not_a_digit"), "s.jsonl")["kept"] == 1
    with database.reading() as session:
        assert not session.scalars(select(Drawing)).one().is_digit
    assert read == ["read"]


class Held:
    """An import that stops before its second drawing until it is released."""

    def __init__(self, monkeypatch, content: bytes, client) -> None:
        from webapp import importing

        self._released = threading.Event()
        monkeypatch.setattr(importing, "_BATCH_ROWS", 1)
        read = importing.read_drawings

        def slowly(file):
            for number, each in enumerate(read(file)):
                if number == 2:
                    self._released.wait(60)
                yield each

        monkeypatch.setattr(importing, "read_drawings", slowly)
        monkeypatch.setattr("webapp.admin.drawings._WAIT_SECONDS", 0.0)
        form = {"file": (io.BytesIO(content), "s.jsonl")}
        response = client.post("/admin/drawings", data=form, headers=BEARER | JSON)
        assert response.status_code == 202, response.text
        self.url = response.location
        self.id = response.get_json()["id"]

    def release(self) -> None:
        self._released.set()


@pytest.fixture
def held(client, database, monkeypatch):
    """With two drawings staged and two to come."""
    held = Held(monkeypatch, b"".join(map(record, range(0, 160, 40))), client)
    until(lambda: len(everything_stored(database)) == 2)
    yield held
    held.release()


def ended(client, held: Held) -> dict[str, object]:
    held.release()
    until(lambda: status(client, held)["state"] not in imports.LIVE)
    return status(client, held)


def status(client, held: Held) -> dict[str, object]:
    return client.get(held.url, headers=BEARER | JSON).get_json()


def test_nothing_of_an_unfinished_import_is_visible(client, database, held):
    queue = client.get("/admin/api/drawings", headers=BEARER).get_json()
    assert (queue["count"], queue["drawings"]) == (0, [])
    page = client.get("/admin/", headers=BEARER).get_data(as_text=True)
    assert "No drawings yet" in page
    assert f'data-import="{held.id}"' in page
    assert list(accepted(database)) == []
    archive = client.get("/admin/drawings/pictures.zip", headers=BEARER).data
    assert zipfile.ZipFile(io.BytesIO(archive)).namelist() == []
    assert 0 < status(client, held)["share"] <= 1
    assert ended(client, held)["kept"] == 4
    assert client.get("/admin/api/drawings", headers=BEARER).get_json()["count"] == 4
    assert log(database) == ["imported"]
    page = client.get("/admin/", headers=BEARER).get_data(as_text=True)
    assert "added: 4" in page
    assert "data-import" not in page


def test_a_lost_import_leaves_nothing_and_writes_no_more(client, database, held):
    """What its process would do after it was silent for too long, as after a restart."""
    with database.writing() as session:
        long_ago = now() - 2 * LOST_AFTER
        session.execute(update(Import).values(heartbeat=long_ago))
    client.get("/admin/", headers=BEARER)  # whoever looks next
    assert status(client, held)["state"] == "lost"
    until(lambda: everything_stored(database) == [])
    assert ended(client, held)["state"] == "lost"
    assert imported(client, record(), "next.jsonl")["kept"] == 1
    assert len(everything_stored(database)) == 1


def make_silent(database, identity: str) -> None:
    """As if its process had been killed."""
    with database.writing() as session:
        old = update(Import).where(Import.id == identity)
        session.execute(old.values(heartbeat=now() - 2 * LOST_AFTER))


@pytest.mark.parametrize("fails", [False, True], ids=["lost", "failed"])
def test_what_a_dead_import_staged_is_stored_by_the_one_that_waited(client, database, held, fails):
    """It is not there already, however it looks to the import of the same file."""
    second = waiting(client, database, record(0) + record(40))
    if fails:
        imports.Staging(database, held.id, "test", "").fail("internal_error", "internal error")
    else:
        make_silent(database, held.id)
    found = wait_for_end(client, second)
    assert (found["state"], found["kept"], found["known"]) == ("done", 2, 0)
    held.release()
    until(lambda: imports.find(database, held.id).is_cleared)
    assert len(states(database)) == 2


def test_a_long_removal_of_what_is_left_shows_life(database, held, monkeypatch):
    monkeypatch.setattr(imports, "_CLEARED_ROWS", 1)
    make_silent(database, held.id)
    rows: list[int] = []
    imports.clear(database, lambda: rows.append(len(everything_stored(database))))
    assert rows == [1, 0, 0]


@contextmanager
def locked(database):
    """Nobody else can write."""
    other = Database(database.url)
    with other.writing() as session:
        session.execute(
            text("SELECT 1" if other.is_local else "LOCK TABLE imports IN EXCLUSIVE MODE")
        )
        yield
    other.engine.dispose()


def test_an_import_outlives_a_database_that_is_locked(client, database, held, caplog):
    second = waiting(client, database, record(0) + record(100))
    with locked(database):
        until(lambda: f"import {second}: trying again" in caplog.text)
    assert ended(client, held)["kept"] == 4
    assert wait_for_end(client, second)["kept"] == 1


def test_an_import_ends_when_the_server_stops(app, client, database, held):
    app.extensions["inkling"].is_stopping = lambda: True
    found = ended(client, held)
    assert (found["state"], found["code"]) == ("failed", "interrupted")
    until(lambda: everything_stored(database) == [])


def test_a_second_import_waits_for_its_turn(client, database, held):
    second = waiting(client, database, record(0) + record(100))
    assert ended(client, held)["kept"] == 4
    found = wait_for_end(client, second)
    assert (found["state"], found["kept"], found["known"]) == ("done", 1, 1)
    assert len(states(database)) == 5


def waiting(client, database, content: bytes) -> str:
    """The id of another import, which has asked for its turn."""
    form = {"file": (io.BytesIO(content), "second.jsonl")}
    second = client.post("/admin/drawings", data=form, headers=BEARER | JSON).get_json()["id"]
    added = heartbeat(database, second)
    until(lambda: heartbeat(database, second) > added)
    assert imports.find(database, second).state == ImportStatus.WAITING
    return second


def wait_for_end(client, identity: str) -> dict[str, object]:
    def found() -> dict[str, object]:
        url = f"/admin/api/imports/{identity}"
        return client.get(url, headers=BEARER | JSON).get_json()

    until(lambda: found()["state"] not in imports.LIVE)
    return found()


def heartbeat(database, identity: str) -> datetime:
    return imports.find(database, identity).heartbeat


def test_more_imports_than_may_wait_are_refused(client, database, held, monkeypatch):
    monkeypatch.setattr(imports, "MAX_LIVE", 1)
    response = import_file(client, record(), "second.jsonl")
    assert (response.status_code, response.get_json()["code"]) == (503, "too_many_imports")


def test_a_visitors_drawing_outlives_an_import_that_fails(app, client, database, held):
    """The same drawing, corrected by a visitor while it is being imported."""
    from webapp.storage.import_files import read_drawings

    [same] = read_drawings(io.BytesIO(record(0)))
    from trainer.recognition.image import as_data_url

    body = {"image": as_data_url(np.asarray(same.picture.image)), "label": "7"}
    stored = app.test_client().post("/api/v1/feedback", json=body)
    assert stored.status_code == 201, stored.text
    app.extensions["inkling"].is_stopping = lambda: True
    assert ended(client, held)["state"] == "failed"
    until(lambda: everything_stored(database) == [stored.get_json()["id"]])


def test_delete_all_ends_the_imports_too(client, database, held):
    deleted = client.post("/admin/drawings/delete", headers=BEARER | JSON)
    assert deleted.get_json() == {"deleted": 0}
    found = ended(client, held)
    assert (found["state"], found["code"]) == ("failed", "cancelled")
    until(lambda: everything_stored(database) == [])


def test_imports_at_once_store_each_drawing_once(app, client, database):
    """Two threads import overlapping files; each drawing is there once, and both succeed."""
    contents = [b"".join(map(record, numbers)) for numbers in (range(0, 100, 4), range(40, 140, 4))]
    answers: list[dict[str, int]] = []

    def send(content: bytes) -> None:
        answers.append(imported(app.test_client(), content, "s.jsonl"))

    threads = [threading.Thread(target=send, args=(content,)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(answer["kept"] for answer in answers) == len(states(database)) == 35
    assert sum(answer["known"] for answer in answers) == 15


def test_an_unknown_import_is_404(client, database):
    response = client.get("/admin/api/imports/nobody", headers=BEARER)
    assert response.status_code == 404


def test_the_file_name_is_stored_without_what_a_database_refuses(client, database):
    assert import_file(client, record(), "s\x00\x1b[31m" + "x" * 300).status_code == 200
    with database.reading() as session:
        assert session.scalar(select(func.length(Import.file))) <= 200
        assert session.scalars(select(Import)).one().state == ImportStatus.DONE
