"""Add the table of retraining runs."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "runs",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False, index=True),
        sa.Column("who", sa.String(100), nullable=False),
        sa.Column("wishes", sa.JSON, nullable=False),
        sa.Column("state", sa.String(10), nullable=False, index=True),
        sa.Column("slot", sa.Integer, unique=True),
        sa.Column("worker", sa.String(32), nullable=False),
        sa.Column("started", sa.DateTime(timezone=True)),
        sa.Column("ended", sa.DateTime(timezone=True)),
        sa.Column("heartbeat", sa.DateTime(timezone=True)),
        sa.Column("cancelling", sa.Boolean, nullable=False),
        sa.Column("progress", sa.JSON, nullable=False),
        sa.Column("log", sa.Text, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("version", sa.String(64)),
        sa.Column("verdict", sa.JSON),
    )


def downgrade() -> None:
    op.drop_table("runs")
