"""Versions in the database: in bounded parts, bounded in number, and taken over from folders."""

import io
import os
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, func, select

from tests.conftest import new_database
from trainer.recognition.bundle import PRETRAINED, BundleError, read_bundle, read_bundle_files
from webapp.cli import main
from webapp.inference.versions import SHIPPED, Versions
from webapp.storage import file_tables, version_folders
from webapp.storage import versions as stored
from webapp.storage.activations import append
from webapp.storage.database import Database
from webapp.storage.file_tables import Version, VersionFile
from webapp.storage.tables import now

NAMES = ["lenet5", "cnn", "rnn"]
VERSIONS = [read_bundle(PRETRAINED / name).card.version for name in NAMES]


@pytest.fixture
def database(settings):
    database = Database(settings().database)
    database.upgrade()
    yield database
    database.engine.dispose()


@pytest.fixture
def folders(tmp_path) -> Path:
    """The versions of a former release, the last of them the newest."""
    for age, (name, version) in enumerate(zip(reversed(NAMES), reversed(VERSIONS), strict=True)):
        folder = shutil.copytree(PRETRAINED / name, tmp_path / "versions" / version)
        os.utime(folder, (10**9 - age, 10**9 - age))
    return tmp_path


def contents(database: Database) -> dict[str, dict[str, bytes]]:
    with database.reading() as session:
        return {version: stored.files(session, version) for version in stored.ids(session)}


BUNDLES = {
    version: read_bundle_files(PRETRAINED / name)
    for name, version in zip(NAMES, VERSIONS, strict=True)
}


def test_processes_that_start_at_once_take_each_version_over_once(
    folders, settings, database, monkeypatch
):
    monkeypatch.setattr(file_tables, "PART_BYTES", 100_000)
    with database.writing() as session:
        append(session, VERSIONS[0], None)  # it was active
    starters = [Database(settings().database) for _ in range(4)]
    together = threading.Barrier(len(starters))

    def start(each: Database) -> None:
        together.wait()
        version_folders.take_over(each, folders)
        each.engine.dispose()

    with ThreadPoolExecutor(len(starters)) as threads:
        list(threads.map(start, starters))
    assert contents(database) == BUNDLES
    versions = Versions(database)
    assert list(versions.cards()) == list(reversed(VERSIONS))  # the newest first
    assert versions.read(versions.pointer().version).model == BUNDLES[VERSIONS[0]]["model.onnx"]


def test_a_version_that_another_process_stores_meanwhile_stays(postgres):
    database = Database(new_database(postgres))
    database.upgrade()
    files = BUNDLES[VERSIONS[0]]
    with database.writing() as first, database.writing() as second:
        stored.put(first, VERSIONS[0], files, now())

        @event.listens_for(second.connection(), "before_cursor_execute")
        def between(connection, cursor, statement, *_) -> None:
            if statement.startswith("DELETE FROM versions"):
                first.commit()

        stored.put(second, VERSIONS[0], files, now())
    assert contents(database) == {VERSIONS[0]: files}
    database.engine.dispose()


def test_a_start_takes_over_what_another_release_added_and_no_damaged_folder(folders, tmp_path):
    (folders / "versions" / VERSIONS[1] / "model.onnx").unlink()
    (folders / "versions" / ".hidden").mkdir()
    hidden = shutil.move(folders / "versions" / VERSIONS[2], tmp_path / "later")

    def start() -> set[str]:
        result = CliRunner().invoke(main, ["db", "upgrade"], env={"INKLING_HOME": str(folders)})
        assert result.exit_code == 0, result.output
        database = Database(f"sqlite:///{folders / 'inkling.db'}")
        taken = set(contents(database))
        database.engine.dispose()
        return taken

    assert start() == {VERSIONS[0]}
    shutil.move(hidden, folders / "versions" / VERSIONS[2])
    assert start() == {VERSIONS[0], VERSIONS[2]}


def test_no_row_is_larger_than_a_part(database):
    version = Versions(database).add(PRETRAINED / "cnn-wide").card.version
    with database.reading() as session:
        assert session.scalar(select(func.max(func.length(VersionFile.content)))) == 1 << 20
        assert stored.files(session, version) == read_bundle_files(PRETRAINED / "cnn-wide")


@given(st.binary(max_size=50), st.integers(1, 60))
def test_parts_make_up_the_whole(content, size):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(file_tables, "PART_BYTES", size)
        parts = list(file_tables.parts(io.BytesIO(content)))
    assert b"".join(parts) == content
    assert 1 <= len(parts) <= max(1, -(-len(content) // size))
    assert max(map(len, parts)) <= size


def test_versions_that_were_never_active_are_bounded(database, monkeypatch):
    monkeypatch.setattr(stored, "KEPT", 1)
    versions = Versions(database)
    for name in NAMES:
        versions.add(PRETRAINED / name)
        versions.promote(VERSIONS[0], "test")
    assert list(versions.cards()) == [VERSIONS[2], VERSIONS[0]]
    assert set(contents(database)) == {VERSIONS[2], VERSIONS[0]}
    with pytest.raises(BundleError, match="there is no version"):
        versions.promote(VERSIONS[1], "test")


def test_a_version_that_is_deleted_while_it_is_promoted_is_not_active(database):
    versions = Versions(database)
    with database.writing() as session, pytest.raises(BundleError, match="there is no version"):
        versions.activate(session, VERSIONS[0], "test")
    assert versions.pointer().version == SHIPPED


def test_a_bundle_that_is_too_large_is_not_read(database, monkeypatch):
    monkeypatch.setattr(stored, "MAX_BYTES", 200_000)
    monkeypatch.setattr(Path, "read_bytes", lambda _: pytest.fail("it was read"))
    with pytest.raises(BundleError, match="larger than"):
        Versions(database).add(PRETRAINED / "cnn")


def test_the_newest_come_first_and_two_of_the_same_time_keep_their_order(database):
    moment = now()
    with database.writing() as session:
        session.add_all(Version(id=each, added=moment) for each in "ba")
    assert list(Versions(database).cards()) == ["a", "b"]
