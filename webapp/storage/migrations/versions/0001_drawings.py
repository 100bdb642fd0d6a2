"""Drawings that somebody told the truth about, and the counters of quotas."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "drawings",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False, index=True),
        sa.Column("visitor", sa.String(32), nullable=False, index=True),
        sa.Column("picture", sa.LargeBinary, nullable=False),
        sa.Column("seen", sa.LargeBinary, nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False, unique=True),
        sa.Column("strokes", sa.JSON),
        sa.Column("label", sa.String(12), nullable=False),
        sa.Column("told", sa.String(12), nullable=False),
        sa.Column("state", sa.String(8), nullable=False, index=True),
        sa.Column("reviewed", sa.DateTime(timezone=True)),
        sa.Column("held_back", sa.Boolean, nullable=False),
        sa.Column("digit", sa.Integer, nullable=False),
        sa.Column("confidence", sa.Double, nullable=False),
        sa.Column("is_digit", sa.Boolean, nullable=False),
        sa.Column("probabilities", sa.JSON, nullable=False),
        sa.Column("model", sa.String(100), nullable=False),
        sa.Column("version", sa.String(64), nullable=False),
    )
    op.create_table(
        "counters",
        sa.Column("what", sa.String(20), primary_key=True),
        sa.Column("client", sa.String(64), primary_key=True),
        sa.Column("begins", sa.DateTime(timezone=True), primary_key=True),
        sa.Column("count", sa.Integer, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("counters")
    op.drop_table("drawings")
