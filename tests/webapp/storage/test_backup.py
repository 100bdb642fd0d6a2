"""Backups: a consistent snapshot, restored into either kind of database."""

import base64
import json
import re
import shutil
import sqlite3
import tracemalloc
import zipfile
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from alembic.runtime.migration import MigrationContext
from click.testing import CliRunner
from sqlalchemy import insert, select, update

from tests.conftest import new_database
from tests.webapp.storage.test_migrations import ROW, THEN, at_0004
from trainer.recognition.bundle import PRETRAINED, read_bundle
from webapp.app import create_app
from webapp.cli import main
from webapp.inference.versions import SHIPPED, Versions
from webapp.retraining import runs
from webapp.retraining.options import RetrainingOptions
from webapp.settings import Settings
from webapp.storage import answer_counts, imports, shadows, versions
from webapp.storage.admin_sessions import is_open, open_session
from webapp.storage.answer_counts import Counted, Kind
from webapp.storage.backup import BackupError, back_up, restore
from webapp.storage.database import Database
from webapp.storage.migrations import migrate, revisions
from webapp.storage.tables import REPLACED, TRANSIENT, Base, Drawing, Run

pytestmark = pytest.mark.slow

CNN, LENET5 = (read_bundle(PRETRAINED / name).card.version for name in ("cnn", "lenet5"))


@pytest.fixture
def installation(settings, seven, encode) -> tuple[Database, Path]:
    """With a drawing, a counted answer, a promoted version, a run, an import and a log."""
    chosen = settings()
    app = create_app(chosen)
    database = app.extensions["inkling"].database
    database.upgrade()
    image = "data:image/png;base64," + base64.b64encode(encode(seven)).decode()
    body = {"image": image, "label": "7", "strokes": [[[1, 2, 0.5]]]}
    client = app.test_client()
    assert client.post("/api/v1/feedback", json=body).status_code == 201
    assert client.post("/api/v1/predict", json={"image": image}).status_code == 200
    app.extensions["inkling"].answers.flush()
    with database.writing() as session:
        shadow = shadows.start(session, "v", timedelta(hours=1))
        shadows.add(session, {shadows.Pair(shadow.id, "w", "7", "sure", "1", "sure"): 3})
    versions = Versions(database)
    versions.promote(versions.add(PRETRAINED / "cnn").card.version, "test")
    with database.writing() as session:
        runs.enqueue(session, RetrainingOptions(), "test")
    imports.add(database, "test", "drawings.zip").fail("bad_import", "line 1: it is not UTF-8")
    return database, Path(chosen.home)


def everything(database: Database) -> dict[str, list[dict[str, object]]]:
    with database.snapshot() as connection:
        return {
            table.name: [dict(row) for row in connection.execute(select(table)).mappings()]
            for table in Base.metadata.sorted_tables
            if table.name not in TRANSIENT
        }


def test_a_restored_installation_has_everything_and_goes_on(installation, tmp_path, database_url):
    database, home = installation
    file = tmp_path / "backup.zip"
    counts = back_up(database, home, file)
    assert {name for name, count in counts.items() if not count} == TRANSIENT
    assert set(counts) == set(Base.metadata.tables)
    for url in ("sqlite:///" + str(tmp_path / "new.db"), None):
        if url is None:  # and into an emptied one of the same kind
            Base.metadata.drop_all(database.engine)
            with database.engine.begin() as connection:
                connection.exec_driver_sql("DROP TABLE alembic_version")
        before = None if url is None else everything(database)
        other = Database(url) if url else database
        assert restore(other, file) == counts
        if before:
            assert everything(other) == before
        versions = Versions(other)
        assert versions.pointer().version == next(iter(versions.cards()))
        versions.promote(SHIPPED, "test")  # its numbers go on after the restored ones
        versions.roll_back("test")
        assert len(list(versions.lineage())) == 2


def test_a_session_that_was_open_at_the_backup_is_not_reopened(installation, tmp_path):
    database, home = installation
    lifetime = timedelta(hours=1)
    with database.writing() as session:
        identity = open_session(session, "key", lifetime)
    file = tmp_path / "backup.zip"
    back_up(database, home, file)
    other = Database("sqlite:///" + str(tmp_path / "new.db"))
    restore(other, file)
    for each, is_there in ((database, True), (other, False)):
        with each.reading() as session:
            assert is_open(session, identity, "key", lifetime) == is_there


def test_an_installation_that_has_only_counted_is_empty(installation, tmp_path):
    database, home = installation
    file = tmp_path / "backup.zip"
    back_up(database, home, file)
    other = Database("sqlite:///" + str(tmp_path / "new.db"))
    other.upgrade()
    with other.writing() as session:
        shadow = shadows.start(session, "other", timedelta(hours=1))
        shadows.add(session, {shadows.Pair(shadow.id, "w", "7", "sure", "1", "sure"): 1})
        answer_counts.add(session, {Kind(date.today(), "v", "7", "sure"): Counted(5, 5)})
    restore(other, file)
    assert everything(other) == everything(database)


def test_a_backup_is_restored_only_into_an_empty_installation(installation, tmp_path):
    database, home = installation
    file = tmp_path / "backup.zip"
    back_up(database, home, file)
    before = everything(database)
    with pytest.raises(BackupError, match="is not empty"):
        restore(database, file)
    assert everything(database) == before


@pytest.mark.parametrize("revision", ["0004", "0003"])
def test_a_backup_by_an_earlier_version_is_restored_and_upgraded(
    installation, tmp_path, database_url, revision
):
    """Format 1 recorded no revision; the oldest ones know no runs."""
    database, home = installation
    with database.writing() as session:
        session.execute(update(Run).values(progress={"stage": "ended", "missing": ["mnist"]}))
    before = everything(database) | {name: [] for name in REPLACED}  # which it did not know
    file, old = tmp_path / "backup.zip", tmp_path / "old.zip"
    back_up(database, home, file)
    with zipfile.ZipFile(file) as new, zipfile.ZipFile(old, "w") as archive:
        for name in new.namelist():
            content = new.read(name)
            if name == "backup.json":
                content = json.dumps({"format": 1, "rows": json.loads(content)["rows"]}).encode()
            for now, then in [("visitor_label", "told"), ("options", "wishes")]:
                content = content.replace(f'"{now}":'.encode(), f'"{then}":'.encode())
            if name == "tables/runs.jsonl":
                content = content.replace(b'"missing":', b'"lacked":')
            if revision == "0004" or name != "tables/runs.jsonl":
                archive.writestr(name.replace("rate_limits", "counters"), content)
    with_folder(old, CNN, "cnn")
    Base.metadata.drop_all(database.engine)
    with database.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE alembic_version")
    restore(database, old)
    after = everything(database)
    for version in (*before["versions"], *after["versions"]):
        del version["added"]
    unknown = {"imports"} if revision == "0004" else {"imports", "runs"}
    for drawing in before["drawings"]:  # of which they did not know more
        drawing |= {"origin": drawing["visitor"], "votes": None, "is_disputed": False}
    assert after == before | {name: [] for name in unknown}
    Versions(database).promote(SHIPPED, "test")  # numbers go on


@pytest.mark.parametrize("revision", ["0004", "0005"])
def test_a_backup_of_an_earlier_revision_is_restored_under_the_newest(
    tmp_path, database_url, settings, revision
):
    """The schema was made by the migrations themselves, and the backup names its revision."""
    old = at_0004(f"sqlite:///{tmp_path / 'old.db'}")
    with old.migrating() as connection:
        migrate(connection, revision)
    shutil.copytree(PRETRAINED / "lenet5", tmp_path / "versions" / LENET5)
    file = tmp_path / "backup.zip"
    assert back_up(old, tmp_path, file)["runs"] == 2
    assert json.loads(zipfile.ZipFile(file).read("backup.json"))["revision"] == revision
    new = Database(settings().database)
    restore(new, file)
    with new.reading() as session:
        drawing = session.scalars(select(Drawing)).one()
        done, queued = session.scalars(select(Run).order_by(Run.id))
    assert (drawing.visitor_label, drawing.created) == ("1", THEN)
    assert (done.options["epochs"], done.heartbeat, queued.state) == (2, THEN, "queued")
    assert done.verdict["auto_promoted"] is True
    assert list(Versions(new).cards()) == [LENET5]
    with new.engine.connect() as connection:
        assert MigrationContext.configure(connection).get_current_revision() == revisions()[0]


def test_a_null_is_restored_as_a_null(installation, tmp_path, settings):
    database, home = installation
    back_up(database, home, tmp_path / "backup.zip")
    other = Database(f"sqlite:///{tmp_path / 'new.db'}")
    restore(other, tmp_path / "backup.zip")
    for each in (database, other):
        with each.engine.connect() as connection:
            statement = "SELECT count(*) FROM runs WHERE verdict IS NULL"
            assert connection.exec_driver_sql(statement).scalar() == 1


@pytest.mark.slow
def test_a_backup_of_sqlite_is_restored_into_postgresql(tmp_path, postgres):
    old = at_0004(f"sqlite:///{tmp_path / 'old.db'}")
    old.upgrade()
    back_up(old, tmp_path, tmp_path / "backup.zip")
    new = Database(Settings(database_url=new_database(postgres)).database)
    restore(new, tmp_path / "backup.zip")
    assert everything(new) == everything(old)


def test_backup_and_restore_use_bounded_memory(tmp_path, database_url, settings):
    database = Database(settings().database)
    database.upgrade()
    template = ROW | {"picture": bytes(30_000)}
    for start in range(0, 400, 100):
        with database.writing() as session:
            own = [dict.fromkeys(("id", "fingerprint"), str(start + n)) for n in range(100)]
            session.execute(insert(Drawing), [template | each for each in own])
    with database.writing() as session:
        versions.put(session, "a", {"model.onnx": bytes(20 << 20)}, THEN)
    back_up(database, tmp_path, tmp_path / "first.zip")  # what happens only once
    other = Database(f"sqlite:///{tmp_path / 'new.db'}")
    tracemalloc.start()
    try:
        back_up(database, tmp_path, tmp_path / "backup.zip")
        restore(other, tmp_path / "backup.zip")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 16 << 20  # bytes; the rows are 32 MB, and 43 MB in base64


def test_a_backup_by_a_newer_version_is_refused(tmp_path):
    file = tmp_path / "backup.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("backup.json", json.dumps({"format": 2, "revision": "9999", "rows": {}}))
    with pytest.raises(BackupError, match="newer version"):
        restore(Database("sqlite:///" + str(tmp_path / "new.db")), file)


@pytest.mark.parametrize("how", ["cut", "altered", "not one", "another zip"])
def test_a_file_that_is_not_a_backup_is_refused_and_nothing_is_written(installation, tmp_path, how):
    database, home = installation
    file = tmp_path / "backup.zip"
    back_up(database, home, file)
    content = file.read_bytes()
    match how:
        case "cut":
            file.write_bytes(content[: len(content) // 2])
        case "altered":
            middle = content.index(b"tables/version_files") + 60
            file.write_bytes(content[:middle] + b"xxxx" + content[middle + 4 :])
        case "not one":
            file.write_bytes(b"hello")
        case "another zip":
            with zipfile.ZipFile(file, "w") as archive:
                archive.writestr("a", "b")
    other = Database("sqlite:///" + str(tmp_path / "new.db"))
    with pytest.raises(BackupError):
        restore(other, file)
    assert not any(everything(other).values())


def entry(**changes: object) -> str:
    """A line of the audit log."""
    values = {"id": 90, "at": "2026-01-01", "who": "a", "what": "b", "details": {}}
    return json.dumps(values | changes)


DAMAGED_ROWS = [
    ("runs", "{", "line 2: it is not JSON"),
    ("runs", "[]", "line 2: it is not an object"),
    ("runs", "{}", "line 2: id is missing"),
    ("audit", "[" * 100_000, "line 3: it is not JSON"),
    ("audit", entry(at="yesterday"), "line 3: at has a wrong value"),
    ("audit", entry(who=None), "line 3: who has no value"),
    ("audit", entry(what={}), "line 3: what has a wrong value"),
    ("audit", entry(id=float("inf")), "line 3: id has a wrong value"),
    ("audit", entry(id=True), "line 3: id has a wrong value"),
    ("audit", entry(id=10**30), "line 3: the database refused it: "),
    ("audit", entry(id=1), "line 3: the database refused it: "),
    (
        "activations",
        '{"id": 2, "at": "2026-01-01", "version": "v", "before": 2}',
        "line 2: before is no earlier activation",
    ),
]


def changed(file: Path, name: str, change: Callable[[bytes], bytes]) -> Path:
    """A copy of a backup with another content of one of its files."""
    copy = file.with_name("changed.zip")
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(copy, "w", zipfile.ZIP_DEFLATED) as archive:
        for each in old.namelist():
            content = old.read(each)
            archive.writestr(each, change(content) if each == name else content)
    return copy


def test_a_damaged_row_is_one_line_that_names_it_and_nothing_is_written(installation, tmp_path):
    database, home = installation
    file = tmp_path / "backup.zip"
    back_up(database, home, file)
    Base.metadata.drop_all(database.engine)
    with database.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE alembic_version")
    for table, line, told in DAMAGED_ROWS:
        name = f"tables/{table}.jsonl"
        damaged = changed(file, name, lambda rows, line=line: rows + line.encode())
        with pytest.raises(BackupError) as raised:
            restore(database, damaged)
        assert str(raised.value).startswith(f"{damaged}: {name}, {told}")
        assert "\n" not in str(raised.value)
        assert not any(everything(database).values())
    assert restore(database, file)["runs"] == 1


@pytest.mark.parametrize("table", ["imports", "runs", "drawings"])
def test_a_state_that_there_is_not_is_refused(installation, tmp_path, table):
    """A page that lists it would fail."""
    database, home = installation
    file = tmp_path / "backup.zip"
    back_up(database, home, file)
    name = f"tables/{table}.jsonl"
    bad = changed(file, name, lambda rows: re.sub(b'"state": "[a-z]+"', b'"state": "x"', rows))
    other = Database(f"sqlite:///{tmp_path / 'new.db'}")
    with pytest.raises(BackupError, match=f"{name}, line 1: state has a wrong value"):
        restore(other, bad)
    assert not any(everything(other).values())


@pytest.mark.parametrize(
    ("name", "change", "told"),
    [
        ("tables/audit.jsonl", lambda _: b"", "tables/audit.jsonl has 0 rows instead of 2"),
        ("backup.json", lambda about: about + bytes(64 << 10), "backup.json is larger than 64 kB"),
        ("backup.json", lambda _: b"[]", "backup.json: it is not an object"),
        ("backup.json", lambda _: b"{}", "backup.json says neither what format nor how many rows"),
        (
            "tables/audit.jsonl",
            lambda rows: rows + b" " * (5 << 20),
            "tables/audit.jsonl, line 3: it is longer than 4 MB",
        ),
    ],
)
def test_a_backup_that_is_not_as_it_says_is_refused(installation, tmp_path, name, change, told):
    database, home = installation
    file = tmp_path / "backup.zip"
    back_up(database, home, file)
    other = Database(f"sqlite:///{tmp_path / 'new.db'}")
    with pytest.raises(BackupError) as raised:
        restore(other, changed(file, name, change))
    assert told in str(raised.value)
    assert not any(everything(other).values())


@pytest.mark.parametrize("how", ["declared", "hidden", "method"])
def test_what_would_unpack_without_a_bound_is_refused_in_little_memory(tmp_path, how, monkeypatch):
    """A small file that says how large it becomes, says that it stays small, or cannot say."""
    file = tmp_path / "bomb.zip"
    method = zipfile.ZIP_LZMA if how == "method" else zipfile.ZIP_DEFLATED
    spaces = b" " * (50 << 20)
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.writestr("backup.json", json.dumps({"format": 1, "rows": {}}))
        archive.writestr(f"versions/{CNN}/model.onnx", spaces)
    if how == "declared":
        monkeypatch.setattr("webapp.storage.backup_rows._MOST_BYTES", 10 << 20)
    if how == "hidden":
        size = len(spaces).to_bytes(4, "little")
        file.write_bytes(file.read_bytes().replace(size, (1000).to_bytes(4, "little")))
    other = Database(f"sqlite:///{tmp_path / 'new.db'}")
    other.upgrade()
    tracemalloc.start()
    try:
        with pytest.raises(BackupError) as raised:
            restore(other, file)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    told = {"declared": "no backup is that large", "hidden": "is damaged", "method": "is packed as"}
    assert told[how] in str(raised.value)
    assert peak < 16 << 20


def with_folder(file: Path, version: str, name: str) -> None:
    """Add a shipped bundle to a backup as a version, in the way of releases without the table."""
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
        for path in (PRETRAINED / name).iterdir():
            archive.write(path, f"versions/{version}/{path.name}")


def test_versions_that_are_folders_in_a_backup_are_restored(installation, tmp_path):
    database, home = installation
    file = tmp_path / "backup.zip"
    back_up(database, home, file)
    with_folder(file, LENET5, "lenet5")
    with_folder(file, "..", "lenet5")
    other = Database(f"sqlite:///{tmp_path / 'new.db'}")
    restore(other, file)
    assert set(Versions(other).cards()) == {LENET5, CNN}
    Versions(other).promote(LENET5, "test")


def test_a_version_in_a_backup_that_is_too_large_leaves_nothing(
    installation, tmp_path, monkeypatch
):
    database, home = installation
    file = tmp_path / "backup.zip"
    back_up(database, home, file)
    with_folder(file, LENET5, "lenet5")
    monkeypatch.setattr("webapp.storage.versions.MAX_BYTES", 300_000)
    other = Database(f"sqlite:///{tmp_path / 'new.db'}")
    with pytest.raises(BackupError, match=f"{LENET5} in it is too large"):
        restore(other, file)
    assert not any(everything(other).values())


def test_backup_and_restore_work_as_commands(installation, tmp_path, settings):
    def run(home: Path, *arguments: str, url: str = ""):
        environment = {"INKLING_HOME": str(home), "INKLING_DATABASE_URL": url}
        return CliRunner().invoke(main, list(arguments), env=environment)

    file = str(tmp_path / "b.zip")
    made = run(tmp_path, "backup", file, url=settings().database_url)
    assert (made.exit_code, "drawings: 1" in made.output) == (0, True)
    put = run(tmp_path / "new", "restore", file)
    assert (put.exit_code, put.output) == (0, made.output)
    rows = sqlite3.connect(tmp_path / "new" / "inkling.db").execute(
        "SELECT visitor_label FROM drawings"
    )
    assert rows.fetchall() == [("7",)]
    again = run(tmp_path / "new", "restore", file)
    assert again.exit_code == 1
    assert again.output.startswith("Error: ")
    lost = run(tmp_path, "backup", str(tmp_path / "nowhere" / "b.zip"))
    assert lost.exit_code == 1


def test_expired_drawings_are_deleted_at_start_and_by_command(tmp_path):
    assert Settings(home=str(tmp_path)).keep_days == 0
    result = CliRunner().invoke(main, ["db", "expire"], env={"INKLING_HOME": str(tmp_path)})
    assert result.output == "0 deleted\n"
