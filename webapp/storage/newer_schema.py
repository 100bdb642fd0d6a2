"""A schema that a newer release made: whether this release can serve with it.

While hosts are updated one after another, processes of both releases use one database, and those of
the former may have to start again. A migration therefore adds, and takes away only what the release
before did without.
"""

from __future__ import annotations

from sqlalchemy import Connection, inspect
from sqlalchemy.engine.interfaces import ReflectedColumn
from sqlalchemy.exc import SQLAlchemyError

from webapp.storage import answer_counts, file_tables, shadows  # noqa: F401 - more tables
from webapp.storage.tables import Base


class SchemaTooNew(SQLAlchemyError):
    """A newer release has upgraded the database so far that this one cannot work with it."""

    def __init__(self, found: list[str]) -> None:
        super().__init__(f"a newer Inkling has upgraded it: {', '.join(found)}")


def obstacles(connection: Connection) -> list[str]:
    """What keeps this release from working with the tables of a database, in words.

    That is each table or column that it uses and that is not there, and each column that it does
    not know and that a row cannot do without. Types are not compared.
    """
    inspector = inspect(connection)
    there = set(inspector.get_table_names())
    found: list[str] = []
    for table in Base.metadata.sorted_tables:
        if table.name not in there:
            found.append(f"{table.name} is missing")
            continue
        columns = {each["name"]: each for each in inspector.get_columns(table.name)}
        missing = [each.name for each in table.columns if each.name not in columns]
        needed = [
            name
            for name, each in columns.items()
            if name not in table.columns and _is_required(each)
        ]
        found += [f"{table.name}.{name} is missing" for name in missing]
        found += [f"{table.name}.{name} needs a value" for name in needed]
    return found


def _is_required(column: ReflectedColumn) -> bool:
    return not column["nullable"] and column["default"] is None
