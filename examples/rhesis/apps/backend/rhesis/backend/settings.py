"""What the environment must say. A variable that is missing ends the process before it serves."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields


@dataclass(frozen=True, repr=False)
class Settings:
    """The variables that the backend needs, by their names in lower case."""

    sqlalchemy_database_url: str
    auth0_domain: str
    auth0_audience: str
    auth0_client_id: str
    auth0_client_secret: str
    auth0_secret_key: str
    log_level: str
    frontend_url: str
    broker_url: str
    celery_result_backend: str


def read() -> Settings:
    """The settings of this process. Raises SystemExit with the names that are missing."""
    names = [each.name for each in fields(Settings)]
    missing = [name.upper() for name in names if not os.environ.get(name.upper())]
    if missing:
        raise SystemExit(f"not set: {' '.join(missing)}")
    return Settings(**{name: os.environ[name.upper()] for name in names})


settings = read()
