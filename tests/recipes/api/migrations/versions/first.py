"""One table."""

import sqlalchemy
from alembic import op

revision = "first"
down_revision = None


def upgrade() -> None:
    op.create_table("reports", sqlalchemy.Column("id", sqlalchemy.Integer, primary_key=True))
    print("made the table", flush=True)


def downgrade() -> None:
    op.drop_table("reports")
