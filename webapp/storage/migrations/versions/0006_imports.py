"""Imports of drawings run in the background, in batches that are invisible until all are there."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "imports",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False, index=True),
        sa.Column("who", sa.String(100), nullable=False),
        sa.Column("file", sa.String(200), nullable=False),
        sa.Column("state", sa.String(10), nullable=False, index=True),
        sa.Column("slot", sa.Integer, unique=True),
        sa.Column("heartbeat", sa.DateTime(timezone=True)),
        sa.Column("ended", sa.DateTime(timezone=True)),
        sa.Column("share", sa.Double, nullable=False),
        sa.Column("kept", sa.Integer, nullable=False),
        sa.Column("known", sa.Integer, nullable=False),
        sa.Column("empty", sa.Integer, nullable=False),
        sa.Column("code", sa.String(20), nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("is_cleared", sa.Boolean, nullable=False),
    )
    # In place, and so without a foreign key, for which SQLite would copy every image.
    op.add_column("drawings", sa.Column("import_id", sa.String(32)))
    op.create_index("ix_drawings_import_id", "drawings", ["import_id"])


def downgrade() -> None:
    op.execute(
        "DELETE FROM drawings WHERE import_id IS NOT NULL"
        " AND import_id NOT IN (SELECT id FROM imports WHERE state = 'done')"
    )
    op.drop_index("ix_drawings_import_id", "drawings")
    op.execute("ALTER TABLE drawings DROP COLUMN import_id")
    op.drop_table("imports")
