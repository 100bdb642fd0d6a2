"""Reads what a backup holds, as far as a backup can hold it: bounded, and checked line by line."""

from __future__ import annotations

import base64
import json
import math
import zipfile
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    Enum,
    Float,
    Integer,
    LargeBinary,
    String,
    Table,
)

from webapp import archives
from webapp.storage.drawings import State
from webapp.storage.file_tables import VersionFile
from webapp.storage.tables import Base, Drawing

_ABOUT = "backup.json"
_MOST_ABOUT_BYTES = 64 << 10
_MOST_BYTES = 64 << 30
"""Of all files in a backup together: a million drawings of 64 kB."""
_MOST_FILES = 10_000
_MOST_LINE_BYTES = 4 << 20
"""A run has a log of 60,000 characters, each of at most 12 bytes in JSON."""
_MOST_LINE_BYTES_OF = {Drawing.__tablename__: 64 << 20, VersionFile.__tablename__: 2 << 20}
"""A drawing's picture may have 25 million pixels; the part of a file has 1 MiB, before base64."""
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # others unpack without a bound
_AT_ONCE = 1 << 20
_PLAIN: dict[type, type] = {Boolean: bool, Integer: int, String: str}


class BadBackup(Exception):
    """The file is no backup, or a damaged one; the message says where and why."""


def check_size(archive: zipfile.ZipFile) -> None:
    """Raise `BadBackup` if it would unpack to more than backups have, or in an unknown way.

    No more than the declared size of a file is ever unpacked.
    """
    files = archive.infolist()
    if len(files) > _MOST_FILES or sum(info.file_size for info in files) > _MOST_BYTES:
        raise BadBackup(
            f"it has more than {_MOST_FILES:,} files, or {_MOST_BYTES >> 30} GB unpacked: no "
            "backup is that large"
        )
    for info in files:
        if info.compress_type not in _METHODS or info.flag_bits & 1:
            raise BadBackup(f"{_shown(info.filename)} in it is packed as in no backup")


def check_versions(archive: zipfile.ZipFile) -> None:
    """Raise `BadBackup` if one of the files of versions is not as its declared size and sum say."""
    for info in archive.infolist():
        if info.filename.startswith("versions/"):
            with _open(archive, info.filename) as file:
                while _read(lambda: file.read(_AT_ONCE), info.filename):
                    pass


def about(archive: zipfile.ZipFile) -> dict[str, Any]:
    """What the backup says of itself: `format`, `revision` and `rows`. Raises `BadBackup`."""
    with _open(archive, _ABOUT) as file:
        content = _read(lambda: file.read(_MOST_ABOUT_BYTES + 1), _ABOUT)
    if len(content) > _MOST_ABOUT_BYTES:
        raise BadBackup(f"{_ABOUT} is larger than {_MOST_ABOUT_BYTES >> 10} kB")
    found = _json(content, _ABOUT)
    if not isinstance(found.get("rows"), dict) or "format" not in found:
        raise BadBackup(f"{_ABOUT} says neither what format nor how many rows there are")
    return found


def rows(archive: zipfile.ZipFile, table: Table) -> Iterator[tuple[dict[str, Any], int]]:
    """The rows of a table, and the number of bytes that each takes. Raises `BadBackup`."""
    name = file_of(table)
    most = _MOST_LINE_BYTES_OF.get(table.name, _MOST_LINE_BYTES)
    number = 0
    with _open(archive, name) as file:
        while line := _read(lambda: file.readline(most + 1), name):
            number += 1
            where = f"{name}, line {number}"
            if len(line) > most:
                raise BadBackup(f"{where}: it is longer than {most >> 20} MB")
            yield _row(table, _json(line, where), where), len(line)


def file_of(table: Table) -> str:
    """The name of the file with a table's rows."""
    return f"tables/{table.name}.jsonl"


def in_utc(moment: datetime) -> datetime:
    """A time in UTC, also one of SQLite, which drops the time zone."""
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _open(archive: zipfile.ZipFile, name: str) -> Any:
    try:
        return archive.open(name)
    except KeyError:
        raise BadBackup(f"there is no {_shown(name)} in it") from None
    except Exception as error:  # `zipfile` raises all kinds of exceptions
        raise BadBackup(f"{_shown(name)} in it is damaged") from error


def _read(read: Callable[[], bytes], name: str) -> bytes:
    try:
        return read()
    except Exception as error:  # `zipfile` and `zlib` raise all kinds of exceptions
        raise BadBackup(f"{_shown(name)} in it is damaged") from error


def _shown(name: str) -> str:
    return archives.printable(name)


def _json(content: bytes, where: str) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        raise BadBackup(f"{where}: it is not JSON") from None
    if not isinstance(found, dict):
        raise BadBackup(f"{where}: it is not an object")
    return found


def _row(table: Table, plain: Mapping[str, Any], where: str) -> dict[str, Any]:
    """The values of the columns from what JSON can hold. Raises `BadBackup`."""
    row = {}
    for column in table.columns:
        if column.name not in plain:
            raise BadBackup(f"{where}: {column.name} is missing")
        value = plain[column.name]
        if value is None:
            if not column.nullable:
                raise BadBackup(f"{where}: {column.name} has no value")
        else:
            try:
                value = _value(table, column, value)
            except (ValueError, TypeError, OverflowError):
                raise BadBackup(f"{where}: {column.name} has a wrong value") from None
        row[column.name] = value
    if table.name == "activations" and row["before"] is not None and row["before"] >= row["id"]:
        raise BadBackup(f"{where}: before is no earlier activation")  # a circle would have no end
    return row


def _value(table: Table, column: Column[Any], value: Any) -> Any:
    """A column's value. Raises `ValueError`, `TypeError` or `OverflowError` if it cannot be one."""
    kind = column.type
    if isinstance(kind, LargeBinary):
        value = base64.b64decode(value, validate=True)
    elif isinstance(kind, DateTime):
        value = in_utc(datetime.fromisoformat(value))
    elif isinstance(kind, Float):
        value = float(_of(value, int, float))
        if not math.isfinite(value):
            raise ValueError
    elif python := next((each for each in _PLAIN if isinstance(kind, each)), None):
        value = _of(value, _PLAIN[python])
        if (known := _known(table.name, column.name)) and value not in known:
            raise ValueError
    return value


def _of(value: Any, *types: type) -> Any:
    if type(value) not in types:  # True is an int otherwise
        raise TypeError
    return value


def _known(table: str, column: str) -> tuple[str, ...]:
    """All values that a column may have; empty where they are not enumerated.

    Databases store them as text, and later releases have added some and taken none away.
    """
    if (table, column) == (Drawing.__tablename__, "state"):
        return get_args(State)
    known = Base.metadata.tables.get(table)
    kind = known.columns[column].type if known is not None and column in known.columns else None
    return tuple(kind.enums) if isinstance(kind, Enum) else ()


def opened(file: Path) -> zipfile.ZipFile:
    """Open a backup. Raises `BadBackup` and `OSError`."""
    try:
        archive = zipfile.ZipFile(file)
    except OSError:
        raise
    except Exception as error:  # as above
        raise BadBackup("it is not a backup, or a damaged one: no ZIP file can be read") from error
    return archive
