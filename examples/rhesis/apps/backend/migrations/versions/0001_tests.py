"""Tests, and the runs of them."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make both tables."""
    op.create_table(
        "tests",
        sa.Column("id", sa.Integer, sa.Identity(), primary_key=True),
        sa.Column("prompt", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    )
    op.create_table(
        "runs",
        sa.Column("id", sa.Integer, sa.Identity(), primary_key=True),
        sa.Column("test_id", sa.Integer, sa.ForeignKey("tests.id", ondelete="CASCADE"), nullable=False, index=True),
        sa.Column("words", sa.Integer, nullable=False),
    )


def downgrade() -> None:
    """Take them away, with what is in them."""
    op.drop_table("runs")
    op.drop_table("tests")
