"""The rhesis example: its database and broker in a container of the test's own, its users, and its next versions."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import certifi
import docker
import httpx
import pytest
from docker.models.containers import Container

from tasks.image import Recipe
from tasks.image.buildkit import BuildKit

if TYPE_CHECKING:
    from tests.conftest import Dockyard, Result
    from tests.examples.conftest import Example

SERVICES = Path(__file__).parent.parent.parent / "examples" / "rhesis" / "services"
MIGRATIONS = "apps/backend/migrations/versions"
SECRETS = {  # in Secret Manager, by variable
    "SQLALCHEMY_DATABASE_URL": "rhesis-database-url",
    "AUTH0_CLIENT_SECRET": "rhesis-auth0-client-secret",
    "AUTH0_SECRET_KEY": "rhesis-auth0-secret-key",
    "BROKER_URL": "rhesis-broker-url",
    "CELERY_RESULT_BACKEND": "rhesis-celery-result-backend",
}
SOURCE = "apps/backend/rhesis/backend/app.py"
Ask = Callable[..., httpx.Response]  # a method, a path, and what httpx.request takes

NEXT = '''"""A migration of the tests' own."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("tests", sa.Column("language", sa.Text))
    {more}


def downgrade() -> None:
    op.drop_column("tests", "language")
'''


@dataclass(frozen=True)
class Services:
    """PostgreSQL and Redis in one container; `sockets` is the volume with PostgreSQL's socket."""

    container: Container
    address: str
    password: str
    sockets: str

    @property
    def secrets(self) -> dict[str, str]:
        """The variables of the backend that hold credentials."""
        database, broker = (f"{self.address}:{self._port(port)}" for port in (5432, 6379))
        return {
            "SQLALCHEMY_DATABASE_URL": f"postgresql+psycopg://rhesis:{self.password}@{database}/rhesis",
            "BROKER_URL": f"redis://:{self.password}@{broker}/0",
            "CELERY_RESULT_BACKEND": f"redis://:{self.password}@{broker}/1",
            "AUTH0_CLIENT_SECRET": f"client-{self.password}",
            "AUTH0_SECRET_KEY": f"signing-{self.password}",
        }

    @property
    def at_socket(self) -> dict[str, str]:
        """The same for a container that has the socket: its database's URL names a host that there is not."""
        return {
            **self.secrets,
            "SQLALCHEMY_DATABASE_URL": f"postgresql+psycopg://rhesis:{self.password}@cloudsql/rhesis",
        }

    def _port(self, port: int) -> str:
        published: Any = self.container.ports[f"{port}/tcp"]
        return str(published[0]["HostPort"])

    def ask(self, statement: str) -> list[str]:
        """The rows that PostgreSQL answers, as text."""
        ran = self._psql(statement)
        assert ran.exit_code == 0, ran
        return [line for line in ran.output.decode().splitlines() if line]

    def lock(self, table: str, seconds: float) -> None:
        """Let everybody who asks for a table wait for so long."""
        self._psql(f"begin; lock table {table}; select pg_sleep({seconds}); commit", detach=True)
        held = (
            f"select 1 from pg_locks where relation = '{table}'::regclass and mode = 'AccessExclusiveLock' and granted"
        )
        until(lambda: self.ask(held), lambda found: found)

    def _psql(self, statement: str, *, detach: bool = False) -> Any:
        command = ["psql", "--no-psqlrc", "--tuples-only", "--no-align", "--username=rhesis", f"--command={statement}"]
        return self.container.exec_run(command, environment={"PGPASSWORD": self.password}, detach=detach)

    @property
    def connections(self) -> set[str]:
        """The processes that PostgreSQL has for others than the one who asks."""
        return set(self.ask("select pid from pg_stat_activity where datname = 'rhesis' and pid <> pg_backend_pid()"))

    @property
    def tables(self) -> list[str]:
        """The tables of the schema."""
        return self.ask("select table_name from information_schema.tables where table_schema = 'public' order by 1")

    @property
    def schema(self) -> str:
        """The migration that the database is at."""
        (revision,) = self.ask("select version_num from alembic_version")
        return revision

    @property
    def columns(self) -> set[str]:
        """The columns of the table `tests`."""
        return set(self.ask("select column_name from information_schema.columns where table_name = 'tests'"))


@contextmanager
def serving(engine: docker.DockerClient, image: str) -> Iterator[Services]:
    """The services with a password of their own, on the gateway of Docker's bridge, which containers reach."""
    gateway = engine.networks.get("bridge").attrs["IPAM"]["Config"][0]["Gateway"]
    password = uuid.uuid4().hex
    any_free: Any = (gateway, None)
    container = engine.containers.create(
        image,
        environment={"PASSWORD": password},
        ports={"5432/tcp": any_free, "6379/tcp": any_free},
        volumes=["/var/run/postgresql"],
    )
    try:
        container.start()
        container.reload()
        (sockets,) = container.attrs["Mounts"]
        made = Services(container, gateway, password, sockets["Name"])
        until(lambda: ready(made), lambda found: found)
        yield made
    finally:
        container.remove(force=True, v=True)


def ready(made: Services) -> bool:
    """Whether PostgreSQL and, which was started before it, Redis take the password."""
    command = ["psql", "--host=127.0.0.1", "--username=rhesis", "--command=select 1"]
    return bool(made.container.exec_run(command, environment={"PGPASSWORD": made.password})[0] == 0)


@pytest.fixture(scope="session")
def services_image(engine: docker.DockerClient) -> Iterator[str]:
    """The image of examples/rhesis/services, built once."""
    ca = os.environ.get("SSL_CERT_FILE") or certifi.where()
    recipe = Recipe(SERVICES / "Dockerfile", SERVICES, secrets={"ca": f"file:{ca}"}, network="host")
    built = BuildKit(engine).build(recipe, "linux/amd64").image_id
    tag = f"test/{uuid.uuid4().hex[:12]}"
    engine.images.get(built).tag(tag)
    yield tag
    engine.images.remove(tag)


@pytest.fixture
def services(engine: docker.DockerClient, services_image: str) -> Iterator[Services]:
    """A database and a broker, both empty."""
    with serving(engine, services_image) as made:
        yield made


def discreet(dockyard: Dockyard, services: Services) -> Dockyard:
    """The command line, whose verbs must never say the password that is in every credential."""

    def run(line: str, root: Path) -> Result:
        ran = dockyard(line, root)
        assert services.password not in ran.out + ran.err, f"inv {line} says a password"
        return ran

    return run


def until(look: Callable[[], Any], enough: Callable[[Any], bool], within: float = 20.0) -> Any:
    """What a look gives once that is enough. `within` is in seconds."""
    deadline = time.monotonic() + within
    while not enough(found := look()):
        assert time.monotonic() < deadline, found
        time.sleep(0.05)
    return found


def worked(ask: Ask, prompt: str) -> int:
    """Write a test down and have the worker run it: the words that it counted."""
    written = ask("POST", "/tests", json={"prompt": prompt})
    assert written.status_code == 201, written.text
    submitted = ask("POST", f"/tests/{written.json()['id']}/runs")
    assert submitted.status_code == 202, submitted.text
    path = f"/jobs/{submitted.json()['job']}"
    found = until(lambda: ask("GET", path).json(), lambda said: said["state"] in ("SUCCESS", "FAILURE"))
    assert found["state"] == "SUCCESS", found
    return int(found["result"]["words"])


def migrate(example: Example, more: str = "pass") -> None:
    """Another version of the source, with one more migration, which only adds a column; `more` is done after that."""
    (example.root / MIGRATIONS / "0003_language.py").write_text(NEXT.format(more=more))
    example.change(SOURCE, "# another version")
