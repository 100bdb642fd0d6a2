"""Backs up an installation to one ZIP file: tables as JSON lines, model versions as their files.

The file does not depend on the database: a backup of SQLite can be restored into PostgreSQL.

backup.json           {"format": 2, "revision": "0005", "rows": {"drawings": 12, …}}
tables/NAME.jsonl     one object per row; bytes in base64, times in ISO 8601
versions/VERSION/…    the files of a model bundle
"""

from __future__ import annotations

import base64
import json
import os
import tempfile
import zipfile
import zlib
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    DateTime,
    LargeBinary,
    MetaData,
    Table,
    func,
    insert,
    select,
)

from trainer.recognition.bundle import write_bundle_files
from webapp.storage.database import Database
from webapp.storage.tables import TRANSIENT, Base

_FORMAT = 2
_FORMAT_WITHOUT_REVISION = 1
_BATCH_ROWS = 500


class BackupError(Exception):
    """The file is not a valid backup, or the installation is not empty."""


def back_up(database: Database, home: Path, file: Path) -> dict[str, int]:
    """Write a backup atomically; return the number of rows per table.

    All rows are read from one snapshot. Raises `OSError` if the file cannot be written.
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
    from webapp.storage.migrations import revisions  # Alembic's 30 MB are not for every worker

    counts = {}
    with database.snapshot() as connection:
        for table in Base.metadata.sorted_tables:
            counts[table.name] = 0
            with archive.open(f"tables/{table.name}.jsonl", "w", force_zip64=True) as lines:
                if table.name in TRANSIENT:
                    continue  # an empty file, as a restore reads one for each table
                order = table.primary_key.columns.values()
                for row in connection.execute(select(table).order_by(*order)).mappings():
                    plain = {column.name: _plain(row[column.name]) for column in table.columns}
                    lines.write(json.dumps(plain).encode() + b"\n")
                    counts[table.name] += 1
    for path in sorted((home / "versions").glob("[!.]*/*")):
        archive.write(path, f"versions/{path.parent.name}/{path.name}")
    about = {"format": _FORMAT, "revision": revisions()[0], "rows": counts}
    archive.writestr("backup.json", json.dumps(about))
    return counts


def restore(database: Database, home: Path, file: Path) -> dict[str, int]:
    """Restore a backup into an empty installation; return the number of rows per table.

    The rows are inserted into the schema that they were written from, which is then upgraded.
    Raises `BackupError` if the file is not a valid backup or the installation is not empty; no row
    is written then.
    """
    database.upgrade()
    try:
        with zipfile.ZipFile(file) as archive:
            if damaged := archive.testzip():
                raise BackupError(f"{file}: {damaged} in it is damaged")
            revision = _revision(archive, file)
            _restore_versions(archive, home)
            with database.migrating() as connection:
                return _restore_tables(archive, connection, revision)
    except (OSError, zipfile.BadZipFile, zlib.error, LookupError, TypeError, ValueError) as error:
        raise BackupError(f"{file}: not a backup, or a damaged one: {error}") from error


def _revision(archive: zipfile.ZipFile, file: Path) -> str:
    """The schema revision of the rows."""
    from webapp.storage.migrations import revisions

    about = json.loads(archive.read("backup.json"))
    if about["format"] == _FORMAT_WITHOUT_REVISION:
        return "0004" if "tables/runs.jsonl" in archive.namelist() else "0003"
    if about["format"] != _FORMAT or about["revision"] not in revisions():
        raise BackupError(f"{file}: written by a newer version of Inkling; upgrade first")
    return str(about["revision"])


def _restore_versions(archive: zipfile.ZipFile, home: Path) -> None:
    versions: dict[str, dict[str, bytes]] = {}
    for name in archive.namelist():
        path = PurePosixPath(name)
        if path.parts[0] == "versions" and len(path.parts) == 3 and ".." not in path.parts:
            versions.setdefault(path.parts[1], {})[path.name] = archive.read(name)
    for version, files in versions.items():
        if not (home / "versions" / version).exists():
            write_bundle_files(home / "versions" / version, files)


def _restore_tables(
    archive: zipfile.ZipFile, connection: Connection, revision: str
) -> dict[str, int]:
    from webapp.storage.migrations import downgrade, migrate

    for table in Base.metadata.sorted_tables:
        if table.name in TRANSIENT:
            continue
        if connection.scalar(select(func.count()).select_from(table)):
            raise BackupError(f"the installation is not empty: table {table.name} has rows")
    downgrade(connection, revision)
    schema = MetaData()
    schema.reflect(connection)
    counts = {
        table.name: _fill(connection, table, archive)
        for table in schema.sorted_tables  # those that foreign keys point to come first
        if table.name != "alembic_version"
    }
    migrate(connection)
    if connection.dialect.name == "postgresql":
        for table in Base.metadata.sorted_tables:
            if table.autoincrement_column is not None:
                _advance_sequence(connection, table.autoincrement_column)
    return counts


def _fill(connection: Connection, table: Table, archive: zipfile.ZipFile) -> int:
    with archive.open(f"tables/{table.name}.jsonl") as lines:
        rows = [_row(table, json.loads(line)) for line in lines]
    for start in range(0, len(rows), _BATCH_ROWS):
        connection.execute(insert(table), rows[start : start + _BATCH_ROWS])
    return len(rows)


def _advance_sequence(connection: Connection, column: Column[Any]) -> None:
    """Let PostgreSQL number new rows after the restored ones."""
    sequence = func.pg_get_serial_sequence(column.table.name, column.name)
    highest = select(func.coalesce(func.max(column), 0)).scalar_subquery()
    connection.execute(select(func.setval(sequence, highest + 1, False)))


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value.isoformat() if isinstance(value, datetime) else value


def _row(table: Table, plain: dict[str, Any]) -> dict[str, Any]:
    """The inverse of `_plain`, by the types of the columns."""
    row = {}
    for column in table.columns:
        value = plain[column.name]
        if value is not None and isinstance(column.type, LargeBinary):
            value = base64.b64decode(value)
        elif value is not None and isinstance(column.type, DateTime):
            value = datetime.fromisoformat(value).astimezone(UTC)
        row[column.name] = value
    return row
