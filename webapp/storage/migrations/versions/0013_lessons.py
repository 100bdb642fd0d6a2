"""Small trainings that a class watches. Former releases do not know the table."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.create_table(
        "lessons",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("class_key", sa.String(32), nullable=False),
        sa.Column("live", sa.String(32), unique=True),
        sa.Column("starter", sa.String(32), nullable=False),
        sa.Column("mistake", sa.String(40), nullable=False),
        sa.Column("seed", sa.Integer, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("slot", sa.Integer, unique=True),
        sa.Column("worker", sa.String(32), nullable=False),
        sa.Column("heartbeat", sa.DateTime(timezone=True)),
        sa.Column("ended", sa.DateTime(timezone=True)),
        sa.Column("cancelling", sa.Boolean, nullable=False),
        sa.Column("progress", sa.JSON, nullable=False),
        sa.Column("code", sa.String(20), nullable=False),
    )
    for name in ("created", "class_key", "state"):
        op.create_index(f"ix_lessons_{name}", "lessons", [name])


def downgrade() -> None:
    op.drop_table("lessons")
