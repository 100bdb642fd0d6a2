"""How often which version answered what, by day. Former releases do not know the table."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "answer_counts",
        sa.Column("day", sa.String(10), primary_key=True),
        sa.Column("version", sa.String(64), primary_key=True),
        sa.Column("reading", sa.String(12), primary_key=True),
        sa.Column("certainty", sa.String(12), primary_key=True),
        sa.Column("answers", sa.BigInteger, nullable=False),
        sa.Column("confident", sa.BigInteger, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("answer_counts")
