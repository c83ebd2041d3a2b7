"""The database: a pool of connections, and the tables as this version knows them."""

from __future__ import annotations

import os

from sqlalchemy import URL, ForeignKey, create_engine, make_url
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, sessionmaker

from .settings import settings


def url() -> URL:
    """SQLALCHEMY_DATABASE_URL, at SQLALCHEMY_DB_HOST where that is set: on Cloud Run the directory of a socket."""
    given, host = make_url(settings.sqlalchemy_database_url), os.environ.get("SQLALCHEMY_DB_HOST")
    return given.set(host=host) if host else given


engine = create_engine(
    url(), pool_size=5, max_overflow=5, pool_pre_ping=True, pool_recycle=1800, connect_args={"connect_timeout": 5}
)
Session = sessionmaker(engine)


class Base(DeclarativeBase):
    """The tables."""


class Test(Base):
    """Something to ask a model."""

    __tablename__ = "tests"

    id: Mapped[int] = mapped_column(primary_key=True)
    prompt: Mapped[str]
    category: Mapped[str] = mapped_column(server_default="general")


class Run(Base):
    """What a worker found about a test."""

    __tablename__ = "runs"

    id: Mapped[int] = mapped_column(primary_key=True)
    test_id: Mapped[int] = mapped_column(ForeignKey("tests.id"))
    words: Mapped[int]
