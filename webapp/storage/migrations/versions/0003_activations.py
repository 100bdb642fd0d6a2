"""Which version of the default model answers, and which it took over from."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "activations",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.String(64), nullable=False),
        sa.Column("before", sa.Integer, sa.ForeignKey("activations.id")),
    )


def downgrade() -> None:
    op.drop_table("activations")
