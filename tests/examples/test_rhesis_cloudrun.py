"""The procedure of examples/rhesis on Cloud Run, by the fake: with migrations, API and workers as real containers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import docker
import httpx
import pytest

from tasks.target.cloudrun.ledger import OF
from tests.examples.cloudrun import CloudRun
from tests.examples.rhesis import SECRETS, SOURCE, Services, discreet, migrate, serving, worked

PROJECT, REGION, SERVICE = "rhesis-prod", "us-central1", "rhesis-backend"
SQL, STAGING_SQL = f"{PROJECT}:{REGION}:rhesis", f"rhesis-staging:{REGION}:rhesis"
CHECKS = {"tests", "invalid", "login", "digest", "health"}


@pytest.fixture
def rhesis(services: Services, cloudrun: Callable[..., CloudRun]) -> CloudRun:
    """The example with a project that has its secrets, and its database as a Cloud SQL instance."""
    made = cloudrun("rhesis", SERVICE, f"{PROJECT}/{REGION}", "rhesis", "prod", "staging", source=SOURCE)
    for name, value in services.at_socket.items():
        made.cloud.secrets.add(SECRETS[name], value)
    made.dockyard = discreet(made.dockyard, services)
    made.cloud.set(sql={SQL: services.sockets})
    made.example.override("staging", PROJECT=PROJECT, SERVICE=f"{SERVICE}-staging")
    return made


def asked(rhesis: CloudRun) -> Callable[..., httpx.Response]:
    """What users ask of production."""
    return lambda method, path, **given: httpx.request(method, f"{rhesis.live().uri}{path}", trust_env=False, **given)


def test_the_whole_procedure_by_cloud_sql_secrets_and_a_worker_pool(rhesis: CloudRun, services: Services) -> None:
    for verb in ("build", "push"):
        rhesis.ask(verb)
    digest = rhesis.ask("pin")["digest"]
    rhesis.ask("migrate.up")
    assert (services.schema, services.tables) == ("0002", ["alembic_version", "runs", "tests"])

    first = rhesis.ask("deploy")
    assert {each["name"] for each in first["checks"] if each["ok"]} >= CHECKS
    assert rhesis.ask("verify")["digest"] == digest
    template = rhesis.live().template
    (container,) = template.containers
    assert container.image == f"{rhesis.image}@{digest}"
    assert [list(each.cloud_sql_instance.instances) for each in template.volumes] == [[SQL]]
    plain = {each.name: each.value for each in container.env if each.value}
    assert plain == {
        "LOG_LEVEL": "info",
        "FRONTEND_URL": "https://app.rhesis.ai",
        "AUTH0_DOMAIN": "rhesis.eu.auth0.com",
        "AUTH0_AUDIENCE": "https://api.rhesis.ai",
        "AUTH0_CLIENT_ID": "rhesis-backend",
        "SQLALCHEMY_DB_HOST": f"/cloudsql/{SQL}",
    }
    held = {each.name: each.value_source.secret_key_ref.secret for each in container.env if not each.value}
    assert held == SECRETS
    (pool,) = rhesis.clients.pools.list_worker_pools(parent=rhesis.clients.parent)
    assert pool.template.containers[0].image == f"{rhesis.image}@{digest}"
    assert list(pool.template.containers[0].args) == [
        *("celery", "-A", "rhesis.backend.celery_app", "worker", "--loglevel=info")
    ]

    assert rhesis.get("/health").json() == {"status": "ok", "schema": "0002"}
    assert worked(asked(rhesis), "How many words are these?") == 5
    assert services.ask("select words from runs") == ["5"]
    assert rhesis.inv("logs.tail --env=prod").out


def test_back_is_the_previous_revision_with_its_worker_and_migrations_that_fail_get_no_traffic(
    rhesis: CloudRun, services: Services
) -> None:
    first = rhesis.ask("release")
    migrate(rhesis.example, more='op.execute("select nothing from nowhere")')
    assert 'relation "nowhere" does not exist' in rhesis.inv("release.prod", code=4).err
    assert rhesis.traffic() == {first["revision"]: 100}
    assert (services.schema, "language" in services.columns) == ("0002", False)

    migrate(rhesis.example)
    second = rhesis.ask("release")
    assert services.schema == "0003"
    assert rhesis.ask("rollback")["revision"] == first["revision"]
    assert services.schema == "0003"
    (pool,) = rhesis.clients.pools.list_worker_pools(parent=rhesis.clients.parent)
    assert pool.annotations[OF] == first["revision"]
    assert worked(asked(rhesis), "the old version on the new schema") == 7

    rhesis.ask(f"pin --digest={second['digest']}")
    assert "Running downgrade 0003 -> 0002" in rhesis.inv("migrate.down --env=prod").err
    assert (services.schema, "language" in services.columns) == ("0002", False)


@pytest.fixture
def staging(engine: docker.DockerClient, services_image: str) -> Iterator[Services]:
    """The database and the broker of staging."""
    with serving(engine, services_image) as made:
        yield made


def test_staging_is_promoted_by_digest_with_a_database_of_its_own(
    staging: Services, services: Services, rhesis: CloudRun
) -> None:
    rhesis.cloud.set(sql={SQL: services.sockets, STAGING_SQL: staging.sockets})
    for name, value in staging.at_socket.items():
        rhesis.cloud.secrets.add(f"staging-{SECRETS[name]}", value)
    rhesis.example.override("staging", **{f"SECRET_{key}": f"staging-{name}" for key, name in SECRETS.items()})
    released = rhesis.ask("release", env="staging")
    assert (staging.schema, services.tables) == ("0002", [])
    promoted = rhesis.inv("promote --from=staging --to=prod --json").document
    assert promoted["digest"] == released["digest"]
    assert services.schema == "0002"
    assert worked(asked(rhesis), "one two") == 2
    assert (services.ask("select count(*) from runs"), staging.ask("select count(*) from runs")) == (["1"], ["0"])
