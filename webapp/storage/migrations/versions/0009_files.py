"""What hosts share without a folder in common: versions, checkpoints of runs, the secret key.

Former releases know none of these tables and may run beside this one.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "versions",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("added", sa.DateTime(timezone=True), nullable=False, index=True),
    )
    op.create_table(
        "version_files",
        sa.Column("version", sa.String(64), sa.ForeignKey("versions.id"), primary_key=True),
        sa.Column("name", sa.String(40), primary_key=True),
        sa.Column("part", sa.Integer, primary_key=True),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "run_files",
        sa.Column("run", sa.String(32), primary_key=True),
        sa.Column("name", sa.String(40), primary_key=True),
        sa.Column("part", sa.Integer, primary_key=True),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "secrets",
        sa.Column("name", sa.String(20), primary_key=True),
        sa.Column("value", sa.String(200), nullable=False),
    )


def downgrade() -> None:
    for table in ("secrets", "run_files", "version_files", "versions"):
        op.drop_table(table)
