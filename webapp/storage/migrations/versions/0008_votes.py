"""Origins of drawings, on which their sides depend, and the votes of those who labeled them."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("drawings", sa.Column("origin", sa.String(32)))
    op.add_column("drawings", sa.Column("votes", sa.JSON))
    op.add_column(
        "drawings",
        sa.Column("is_disputed", sa.Boolean, nullable=False, server_default=sa.false()),
    )
    op.create_index("ix_drawings_origin", "drawings", ["origin"])
    op.execute("UPDATE drawings SET origin = visitor")


def downgrade() -> None:
    op.drop_index("ix_drawings_origin", "drawings")
    op.drop_column("drawings", "is_disputed")
    op.drop_column("drawings", "votes")
    op.drop_column("drawings", "origin")
