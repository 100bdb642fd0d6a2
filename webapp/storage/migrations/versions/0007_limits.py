"""Sliding windows instead of counters for each span of the clock; sessions of administrators."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.drop_table("counters")  # the counts of at most one day
    op.create_table(
        "rate_limits",
        sa.Column("action", sa.String(20), primary_key=True),
        sa.Column("client", sa.String(64), primary_key=True),
        sa.Column("hits", sa.Text, nullable=False),
        sa.Column("expires", sa.BigInteger, nullable=False, index=True),
    )
    op.create_table(
        "admin_sessions",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("password", sa.String(16), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_audit_what_id", "audit", ["what", "id"])


def downgrade() -> None:
    op.drop_index("ix_audit_what_id", "audit")
    op.drop_table("admin_sessions")
    op.drop_table("rate_limits")
    op.create_table(
        "counters",
        sa.Column("what", sa.String(20), primary_key=True),
        sa.Column("client", sa.String(64), primary_key=True),
        sa.Column("begins", sa.DateTime(timezone=True), primary_key=True),
        sa.Column("count", sa.Integer, nullable=False),
    )
