"""Runs the migrations on the database of the settings, all of them in one transaction or none."""

import logging

from alembic import context
from rhesis.backend import database

logging.basicConfig(format="%(message)s")
logging.getLogger("alembic.runtime.migration").setLevel(logging.INFO)
with database.engine.connect() as connection:
    context.configure(connection=connection, target_metadata=database.Base.metadata)
    with context.begin_transaction():
        context.run_migrations()
