"""Backs up an installation to one ZIP file: its tables as JSON lines.

The file does not depend on the database: a backup of SQLite can be restored into PostgreSQL.

backup.json           {"format": 2, "revision": "0005", "rows": {"drawings": 12, …}}
tables/NAME.jsonl     one object per row; bytes in base64, times in ISO 8601
versions/VERSION/…    the files of a model bundle, by releases that kept them in folders
"""

from __future__ import annotations

import base64
import json
import os
import tempfile
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    Connection,
    MetaData,
    Table,
    delete,
    func,
    insert,
    select,
)
from sqlalchemy.exc import InternalError, OperationalError

from trainer.recognition.bundle import BundleError
from webapp.logs import one_line
from webapp.storage import backup_rows, version_folders
from webapp.storage.backup_rows import BadBackup, in_utc
from webapp.storage.database import Database, DatabaseUnavailable
from webapp.storage.file_tables import Version, VersionFile
from webapp.storage.tables import REPLACED, TRANSIENT, Base

_FORMAT = 2
_FORMAT_WITHOUT_REVISION = 1
_REVISION_TABLE = "alembic_version"

_BATCH_ROWS = 100
_BATCH_ROWS_OF = {VersionFile.__tablename__: 4}
_BATCH_BYTES = 4 << 20
_OF_DATABASE = (OperationalError, InternalError)  # and not of the rows


class BackupError(Exception):
    """The file is not a valid backup, or the installation is not empty."""


def back_up(database: Database, home: Path, file: Path) -> dict[str, int]:
    """Write a backup atomically; return the number of rows per table.

    All rows are read from one snapshot, of whatever revision the database is, a batch at a time.
    Versions in the home folder are added if the database lacks them, as an earlier revision does.
    Raises `OSError` if the file cannot be written, and `BackupError` if nothing is installed.
    """
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(handle, "wb") as part:
            with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
                counts = _write(archive, database, home)
            part.flush()
            os.fsync(part.fileno())
        os.replace(name, file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return counts


def _write(archive: zipfile.ZipFile, database: Database, home: Path) -> dict[str, int]:
    counts = {}
    with database.snapshot() as connection:
        schema = _schema(connection)
        for table in _tables(schema):
            counts[table.name] = 0
            with archive.open(f"tables/{table.name}.jsonl", "w", force_zip64=True) as lines:
                if table.name in TRANSIENT:
                    continue  # an empty file, as a restore reads one for each table
                rows = select(table).order_by(*table.primary_key.columns.values())
                at_once = _BATCH_ROWS_OF.get(table.name, _BATCH_ROWS)
                streamed = rows.execution_options(yield_per=at_once)
                for row in connection.execute(streamed).mappings():
                    plain = {column.name: _plain(row[column.name]) for column in table.columns}
                    lines.write(json.dumps(plain).encode() + b"\n")
                    counts[table.name] += 1
        revision = connection.scalar(select(schema.tables[_REVISION_TABLE].c.version_num))
        known: set[str] = set()
        if Version.__tablename__ in schema.tables:
            known.update(connection.scalars(select(Version.id)))
    for folder in version_folders.folders(home):
        for path in sorted(folder.iterdir()) if folder.name not in known else ():
            archive.write(path, f"versions/{folder.name}/{path.name}")
    about = {"format": _FORMAT, "revision": revision, "rows": counts}
    archive.writestr("backup.json", json.dumps(about))
    return counts


def restore(database: Database, file: Path) -> dict[str, int]:
    """Restore a backup into an empty installation; return the number of rows per table.

    The rows are inserted into the schema that they were written from, which is then upgraded.
    Raises `BackupError` if the file is not a valid backup or the installation is not empty; no row
    is written then.
    """
    try:
        database.upgrade()
        with backup_rows.opened(file) as archive:
            backup_rows.check_size(archive)
            about = backup_rows.about(archive)
            revision = _revision(archive, about, file)
            backup_rows.check_versions(archive)
            with database.migrating() as connection:
                counts = _restore_tables(archive, connection, revision, about["rows"])
                version_folders.restore(archive, connection)
            return counts
    except BackupError:
        raise
    except (BadBackup, BundleError) as error:
        raise BackupError(f"{file}: {error}") from error
    except DatabaseUnavailable as error:
        raise BackupError(f"the database refused: {_one_line(error.orig or error)}") from error
    except OSError as error:
        raise BackupError(f"cannot restore {file}: {error}") from error
    except Exception as error:  # a damaged file causes all kinds of exceptions
        told = _one_line(getattr(error, "orig", None) or error)
        raise BackupError(f"{file}: not a backup, or a damaged one: {told}") from error


def _one_line(error: BaseException) -> str:
    return one_line(error) or type(error).__name__


def _revision(archive: zipfile.ZipFile, about: dict[str, Any], file: Path) -> str:
    """The schema revision of the rows."""
    from webapp.storage.migrations import revisions

    if about["format"] == _FORMAT_WITHOUT_REVISION:
        return "0004" if "tables/runs.jsonl" in archive.namelist() else "0003"
    if about["format"] != _FORMAT or about.get("revision") not in revisions():
        raise BackupError(f"{file}: written by a newer version of Inkling; upgrade first")
    return str(about["revision"])


def _restore_tables(
    archive: zipfile.ZipFile, connection: Connection, revision: str, expected: dict[str, Any]
) -> dict[str, int]:
    from webapp.storage.migrations import downgrade, migrate

    for table in Base.metadata.sorted_tables:
        if table.name in TRANSIENT:
            continue
        if table.name in REPLACED:
            connection.execute(delete(table))
            continue
        if connection.scalar(select(func.count()).select_from(table)):
            raise BackupError(f"the installation is not empty: table {table.name} has rows")
    downgrade(connection, revision)
    counts = {
        table.name: _fill(connection, table, archive, expected)
        for table in _tables(_schema(connection))  # those that foreign keys point to come first
    }
    migrate(connection)
    if connection.dialect.name == "postgresql":
        for table in Base.metadata.sorted_tables:
            if table.autoincrement_column is not None:
                _advance_sequence(connection, table.autoincrement_column)
    return counts


def _schema(connection: Connection) -> MetaData:
    """The tables as they are in the database, of whatever revision."""
    schema = MetaData()
    schema.reflect(connection)
    if _REVISION_TABLE not in schema.tables:
        raise BackupError("the database is empty: nothing was installed in it")
    for table in schema.tables.values():
        for column in table.columns:
            if isinstance(column.type, JSON):
                column.type.none_as_null = bool(column.nullable)
    return schema


def _tables(schema: MetaData) -> list[Table]:
    return [table for table in schema.sorted_tables if table.name != _REVISION_TABLE]


def _fill(
    connection: Connection, table: Table, archive: zipfile.ZipFile, expected: dict[str, Any]
) -> int:
    """Insert a table's rows in batches; return their number, which is to be the expected one."""
    batch: list[dict[str, Any]] = []
    count = size = 0
    for row, bytes_of_row in backup_rows.rows(archive, table):
        batch.append(row)
        count += 1
        size += bytes_of_row
        if len(batch) >= _BATCH_ROWS or size >= _BATCH_BYTES:
            _insert(connection, table, batch, count)
            batch, size = [], 0
    if batch:
        _insert(connection, table, batch, count)
    if expected.get(table.name, count) != count:
        raise BadBackup(
            f"{backup_rows.file_of(table)} has {count} rows instead of {expected[table.name]!r:.20}"
        )
    return count


def _insert(connection: Connection, table: Table, batch: list[dict[str, Any]], last: int) -> None:
    """Insert rows, of which this is the number of the last. Raises `BadBackup`, with the line."""
    try:
        with connection.begin_nested():
            connection.execute(insert(table), batch)
        return
    except _OF_DATABASE:
        raise
    except Exception as error:  # whatever a value may cause in the driver
        told = error
    for number, row in enumerate(batch, last - len(batch) + 1):
        try:
            connection.execute(insert(table), [row])
        except _OF_DATABASE:
            raise
        except Exception as error:
            where = f"{backup_rows.file_of(table)}, line {number}"
            reason = _one_line(getattr(error, "orig", None) or error)
            raise BadBackup(f"{where}: the database refused it: {reason}") from error
    raise told


def _advance_sequence(connection: Connection, column: Column[Any]) -> None:
    """Let PostgreSQL number new rows after the restored ones."""
    sequence = func.pg_get_serial_sequence(column.table.name, column.name)
    highest = select(func.coalesce(func.max(column), 0)).scalar_subquery()
    connection.execute(select(func.setval(sequence, highest + 1, False)))


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return in_utc(value).isoformat() if isinstance(value, datetime) else value
