"""Rename columns and JSON keys to the names that the code uses.

In place, since `batch_alter_table` would copy every image on SQLite.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_COLUMNS = (("drawings", "told", "visitor_label"), ("runs", "wishes", "options"))
_KEYS = {
    "progress": {"lacked": "missing", "soft_targets": "distillation"},
    "verdict": {"by_itself": "auto_promoted"},
}


def upgrade() -> None:
    for table, old, new in _COLUMNS:
        op.execute(f"ALTER TABLE {table} RENAME COLUMN {old} TO {new}")
    _rename_keys(_KEYS)


def downgrade() -> None:
    _rename_keys(
        {column: {new: old for old, new in renamed.items()} for column, renamed in _KEYS.items()}
    )
    for table, old, new in _COLUMNS:
        op.execute(f"ALTER TABLE {table} RENAME COLUMN {new} TO {old}")


def _rename_keys(keys: dict[str, dict[str, str]]) -> None:
    """Rename the keys of the objects in JSON columns of `runs`."""
    runs = sa.table("runs", sa.column("id"), *(sa.column(name, sa.JSON) for name in keys))
    connection = op.get_bind()
    for row in connection.execute(sa.select(runs)).mappings().all():
        changes = {
            column: {renamed.get(key, key): value for key, value in row[column].items()}
            for column, renamed in keys.items()
            if row[column]
        }
        if changes:
            connection.execute(sa.update(runs).where(runs.c.id == row["id"]).values(changes))
