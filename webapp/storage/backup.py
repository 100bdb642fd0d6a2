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
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    Connection,
    DateTime,
    LargeBinary,
    MetaData,
    Table,
    delete,
    func,
    insert,
    select,
)

from trainer.recognition.bundle import BundleError
from webapp.logs import one_line
from webapp.storage import version_folders
from webapp.storage.database import Database, DatabaseUnavailable
from webapp.storage.file_tables import Version, VersionFile
from webapp.storage.tables import REPLACED, TRANSIENT, Base

_FORMAT = 2
_FORMAT_WITHOUT_REVISION = 1
_REVISION_TABLE = "alembic_version"

_BATCH_ROWS = 100
_BATCH_ROWS_OF = {VersionFile.__tablename__: 4}
_BATCH_BYTES = 4 << 20
_MAX_ROW_BYTES = 64 << 20


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
        with zipfile.ZipFile(file) as archive:
            if damaged := archive.testzip():
                raise BackupError(f"{file}: {damaged} in it is damaged")
            revision = _revision(archive, file)
            with database.migrating() as connection:
                counts = _restore_tables(archive, connection, revision)
                version_folders.restore(archive, connection)
            return counts
    except BackupError:
        raise
    except BundleError as error:
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


def _revision(archive: zipfile.ZipFile, file: Path) -> str:
    """The schema revision of the rows."""
    from webapp.storage.migrations import revisions

    about = json.loads(archive.read("backup.json"))
    if about["format"] == _FORMAT_WITHOUT_REVISION:
        return "0004" if "tables/runs.jsonl" in archive.namelist() else "0003"
    if about["format"] != _FORMAT or about["revision"] not in revisions():
        raise BackupError(f"{file}: written by a newer version of Inkling; upgrade first")
    return str(about["revision"])


def _restore_tables(
    archive: zipfile.ZipFile, connection: Connection, revision: str
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
        table.name: _fill(connection, table, archive)
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


def _fill(connection: Connection, table: Table, archive: zipfile.ZipFile) -> int:
    """Insert a table's rows in batches; return their number."""
    batch: list[dict[str, Any]] = []
    count = size = 0
    with archive.open(f"tables/{table.name}.jsonl") as lines:
        while line := lines.readline(_MAX_ROW_BYTES + 1):
            if len(line) > _MAX_ROW_BYTES:
                raise BackupError(f"row {count + 1} of {table.name} is too large")
            batch.append(_row(table, json.loads(line)))
            count += 1
            size += len(line)
            if len(batch) >= _BATCH_ROWS or size >= _BATCH_BYTES:
                connection.execute(insert(table), batch)
                batch, size = [], 0
    if batch:
        connection.execute(insert(table), batch)
    return count


def _advance_sequence(connection: Connection, column: Column[Any]) -> None:
    """Let PostgreSQL number new rows after the restored ones."""
    sequence = func.pg_get_serial_sequence(column.table.name, column.name)
    highest = select(func.coalesce(func.max(column), 0)).scalar_subquery()
    connection.execute(select(func.setval(sequence, highest + 1, False)))


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return _in_utc(value).isoformat() if isinstance(value, datetime) else value


def _in_utc(moment: datetime) -> datetime:
    """A time in UTC, also one of SQLite, which drops the time zone."""
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _row(table: Table, plain: dict[str, Any]) -> dict[str, Any]:
    """The inverse of `_plain`, by the types of the columns."""
    row = {}
    for column in table.columns:
        value = plain[column.name]
        if value is not None and isinstance(column.type, LargeBinary):
            value = base64.b64decode(value)
        elif value is not None and isinstance(column.type, DateTime):
            value = _in_utc(datetime.fromisoformat(value))
        row[column.name] = value
    return row
