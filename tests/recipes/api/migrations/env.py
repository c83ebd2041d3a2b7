"""Runs the migrations on a database in the tmpfs."""

from alembic import context
from sqlalchemy import create_engine

with create_engine("sqlite:////tmp/database").connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
