"""All that an installation keeps, as one file: its tables as JSON lines, its versions as they are.

The file names no kind of database: what was backed up from SQLite can be restored into PostgreSQL.
"""

from __future__ import annotations

import base64
import json
import os
import tempfile
import zipfile
import zlib
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

from sqlalchemy import Column, Connection, LargeBinary, Table, func, insert, select

from trainer.atomic import write_folder
from webapp.storage.database import Database
from webapp.storage.tables import Base, UTCDateTime

_FORMAT = 1
_ROWS_AT_ONCE = 500
_TABLES = Base.metadata.sorted_tables
"""Those that others point to come first."""


class BackupError(Exception):
    """What cannot be restored, or not there; the message says why."""


def back_up(database: Database, home: Path, file: Path) -> dict[str, int]:
    """Write the file, whole or not at all; how many rows of each table are in it.

    The rows are those of one moment, whatever is written meanwhile.
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
        for table in _TABLES:
            counts[table.name] = 0
            with archive.open(f"tables/{table.name}.jsonl", "w", force_zip64=True) as lines:
                order = table.primary_key.columns.values()
                for row in connection.execute(select(table).order_by(*order)).mappings():
                    plain = {column.name: _plain(row[column.name]) for column in table.columns}
                    lines.write(json.dumps(plain).encode() + b"\n")
                    counts[table.name] += 1
    for path in sorted((home / "versions").glob("[!.]*/*")):
        archive.write(path, f"versions/{path.parent.name}/{path.name}")
    archive.writestr("backup.json", json.dumps({"format": _FORMAT, "rows": counts}))
    return counts


def restore(database: Database, home: Path, file: Path) -> dict[str, int]:
    """Put a backup into an installation that keeps nothing yet; how many rows of each table.

    Raises `BackupError` where the file is none or damaged, or something is kept there already; then
    no row is written.
    """
    database.upgrade()
    try:
        with zipfile.ZipFile(file) as archive:
            if damaged := archive.testzip():
                raise BackupError(f"{file}: {damaged} in it is damaged")
            about = json.loads(archive.read("backup.json"))
            if about["format"] != _FORMAT:
                raise BackupError(f"{file}: its format {about['format']} is not known here")
            _read_versions(archive, home)
            with database.engine.begin() as connection:
                return {table.name: _fill(connection, table, archive) for table in _TABLES}
    except (OSError, zipfile.BadZipFile, zlib.error, KeyError, ValueError) as error:
        raise BackupError(f"{file}: this is no backup, or a damaged one: {error}") from error


def _read_versions(archive: zipfile.ZipFile, home: Path) -> None:
    versions: dict[str, dict[str, bytes]] = {}
    for name in archive.namelist():
        path = PurePosixPath(name)
        if path.parts[0] == "versions" and len(path.parts) == 3 and ".." not in path.parts:
            versions.setdefault(path.parts[1], {})[path.name] = archive.read(name)
    for version, files in versions.items():
        if not (home / "versions" / version).exists():
            write_folder(home / "versions" / version, files)


def _fill(connection: Connection, table: Table, archive: zipfile.ZipFile) -> int:
    if connection.scalar(select(func.count()).select_from(table)):
        raise BackupError(f"something is kept here already, in the table {table.name}")
    with archive.open(f"tables/{table.name}.jsonl") as lines:
        rows = [_row(table, json.loads(line)) for line in lines]
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        connection.execute(insert(table), rows[start : start + _ROWS_AT_ONCE])
    if connection.dialect.name == "postgresql" and table.autoincrement_column is not None:
        _count_on(connection, table.autoincrement_column)
    return len(rows)


def _count_on(connection: Connection, column: Column[Any]) -> None:
    """Let PostgreSQL's numbers go on after the ones that were put in."""
    sequence = func.pg_get_serial_sequence(column.table.name, column.name)
    highest = select(func.coalesce(func.max(column), 0)).scalar_subquery()
    connection.execute(select(func.setval(sequence, highest + 1, False)))


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value.isoformat() if isinstance(value, datetime) else value


def _row(table: Table, plain: dict[str, Any]) -> dict[str, Any]:
    """The reverse of `_plain`, by the columns' types."""
    row = {}
    for column in table.columns:
        value = plain[column.name]
        if value is not None and isinstance(column.type, LargeBinary):
            value = base64.b64decode(value)
        elif value is not None and isinstance(column.type, UTCDateTime):
            value = datetime.fromisoformat(value)
        row[column.name] = value
    return row
