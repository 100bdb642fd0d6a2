"""Drawings of numbers: what they were labeled with, and what the model read.

Nullable, so that processes of the former release go on storing digits.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

_COLUMNS = ("number", "visitor_number", "answered_number")


def upgrade() -> None:
    for name in _COLUMNS:
        op.add_column("drawings", sa.Column(name, sa.String(64)))


def downgrade() -> None:
    for name in reversed(_COLUMNS):
        op.drop_column("drawings", name)
