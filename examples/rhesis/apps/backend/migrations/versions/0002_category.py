"""The category of a test: a column that the version before does not know, and need not fill."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Let the tests that are there be general ones."""
    op.add_column("tests", sa.Column("category", sa.Text, nullable=False, server_default="general"))


def downgrade() -> None:
    """Forget the categories."""
    op.drop_column("tests", "category")
