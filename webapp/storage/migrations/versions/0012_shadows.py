"""Versions in the shadow, and how far they agree. Former releases know no such tables."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

_KEY = (
    ("version", 64),
    ("shown", 12),
    ("shown_certainty", 12),
    ("unseen", 12),
    ("unseen_certainty", 12),
)


def upgrade() -> None:
    op.create_table(
        "shadows",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("version", sa.String(64), nullable=False),
        sa.Column("slot", sa.Integer, unique=True),
        sa.Column("started", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stopped", sa.DateTime(timezone=True)),
        sa.Column("counted", sa.DateTime(timezone=True)),
    )
    op.create_table(
        "shadow_counts",
        sa.Column("shadow", sa.Integer, primary_key=True),
        *(sa.Column(name, sa.String(length), primary_key=True) for name, length in _KEY),
        sa.Column("answers", sa.BigInteger, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("shadow_counts")
    op.drop_table("shadows")
