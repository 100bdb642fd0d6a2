"""A schema that a newer release made: whether this release can serve with it.

While hosts are updated one after another, processes of both releases use one database, and those of
the former may have to start again. A migration therefore adds, and takes away only what the release
before did without.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Connection, inspect
from sqlalchemy.engine.interfaces import ReflectedColumn
from sqlalchemy.exc import SQLAlchemyError

from webapp.storage import answer_counts, file_tables, lessons, shadows  # noqa: F401 - more tables
from webapp.storage.tables import Base


class SchemaTooNew(SQLAlchemyError):
    """A newer release has upgraded the database so far that this one cannot work with it."""

    def __init__(self, found: list[str]) -> None:
        super().__init__(f"a newer Inkling has upgraded it: {', '.join(found)}")


def obstacles(connection: Connection) -> list[str]:
    """What keeps this release from working with the tables of a database, in words.

    That is each table or column that it uses and that is not there; each column that it does not
    know and that a row cannot do without; and each column that it knows and that may be null on one
    side alone, or that only the database may fill. Types and constraints are not compared.
    """
    inspector = inspect(connection)
    there = set(inspector.get_table_names())
    found: list[str] = []
    for table in Base.metadata.sorted_tables:
        if table.name not in there:
            found.append(f"{table.name} is missing")
            continue
        columns = {each["name"]: each for each in inspector.get_columns(table.name)}
        for column in table.columns:
            reason = _differs(column, columns.pop(column.name, None))
            found += [f"{table.name}.{column.name} {reason}"] if reason else []
        needed = [name for name, each in columns.items() if _is_required(each)]
        found += [f"{table.name}.{name} needs a value" for name in needed]
    return found


def _differs(known: Column[Any], found: ReflectedColumn | None) -> str | None:
    """Why this release cannot use a column as it is found; None if it can."""
    if found is None:
        return "is missing"
    if _filled_by_database(found) and known.computed is None and known.identity is None:
        return "can no longer be written"
    if known.primary_key or known.nullable == found["nullable"]:
        return None
    # This release would store rows without a value, or read some that a newer one stored.
    return "needs a value" if known.nullable else "may have no value"


def _filled_by_database(column: ReflectedColumn) -> bool:
    """Whether the database refuses values for a column, as it makes them itself."""
    identity = column.get("identity")
    return "computed" in column or (identity is not None and identity["always"])


def _is_required(column: ReflectedColumn) -> bool:
    """Whether the database refuses a row that has no value for a column."""
    fills = column["default"] is not None or "computed" in column or "identity" in column
    return not (column["nullable"] or fills)
