"""The procedure of examples/rhesis on ECS, by the fake; the migration, the API and the worker run as its task says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest
from docker.models.containers import Container

from tasks.target.ecs import once, output
from tests.conftest import Dockyard
from tests.examples.cloudrun import project, repository
from tests.examples.conftest import Example
from tests.examples.rhesis import SECRETS, Services, discreet, migrate, worked
from tests.examples.rhesis_ecs import ACCOUNT, ARNS, CLUSTER, FAMILY, NAME, REGION, SERVICE, VARIABLES, WORKER, Ecs
from tests.fakes.cloud import Cloud
from tests.fakes.fixtures import leading
from tests.fakes.gcp.cloud import Cloud as Google
from tests.fakes.given import containers, network
from tests.service import clean, free_port

CHECKS = {"tests", "invalid", "login", "digest", "health", "service revision", "deployment of worker"}
COMMAND = ["celery", "-A", "rhesis.backend.celery_app", "worker", "--loglevel=info"]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look often at tasks that end soon."""
    monkeypatch.setattr(once, "POLL", 0.05)
    monkeypatch.setattr(output, "QUIET", 0.2)
    monkeypatch.setattr(output, "PAUSE", 0.02)


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """The account of the example."""
    with leading(monkeypatch, account=ACCOUNT, region=REGION) as account:
        yield account


@pytest.fixture
def rhesis(
    tmp_path: Path, services: Services, dockyard: Dockyard, engine: docker.DockerClient, images: str,
    started: list[Container], cloud: Cloud,
) -> Ecs:  # fmt: skip
    """The example with a registry on loopback in ECR's place, and both services as somebody made them by hand."""
    example = Example(tmp_path / "rhesis")
    example.write("rhesis")
    port = free_port()
    example.override("ecs", IMAGE=images, URL=f"http://127.0.0.1:{port}")
    cloud.mirror(SERVICE, images)
    for name, family in ((SERVICE, FAMILY), (WORKER, WORKER)):
        old, _sidecar = containers(FAMILY, f"{images}:old", NAME, cloud.region())
        old |= {"environment": [], "secrets": [], "portMappings": [{"containerPort": 8000}]}
        cloud.service(name, cluster=CLUSTER, family=family, containers=[old])
    made = Ecs(example, cloud, discreet(dockyard, services), engine, services, started, images, port)
    cloud.set(runner=made.task)
    return made


def test_migration_api_and_worker_run_one_digest_with_their_secrets_by_arn(rhesis: Ecs, services: Services) -> None:
    for verb in ("build", "push"):
        rhesis.inv(verb)
    digest = rhesis.inv("pin").document["digest"]
    assert "Running upgrade 0001 -> 0002" in rhesis.inv("migrate.up").err
    assert (services.schema, services.tables) == ("0002", ["alembic_version", "runs", "tests"])
    (asked,) = rhesis.cloud.requests("RunTask")
    assert {key: asked[key] for key in ("cluster", "count", "launchType", "networkConfiguration", "overrides")} == {
        "cluster": CLUSTER,
        "count": 1,
        "launchType": "FARGATE",
        "networkConfiguration": network(),
        "overrides": {"containerOverrides": [{"name": NAME, "command": ["alembic", "upgrade", "head"]}]},
    }
    migrated = rhesis.container(asked["taskDefinition"])
    rhesis.serve(migrated)

    deployed = rhesis.inv("deploy").document
    assert {check["name"] for check in deployed["checks"] if check["ok"]} >= CHECKS
    assert rhesis.inv("verify").document["digest"] == digest
    api, worker = rhesis.live(), rhesis.live(WORKER)
    assert [each["image"] for each in (migrated, api, worker)] == [f"{rhesis.image}@{digest}"] * 3
    assert (api.get("command", []), worker["command"]) == ([], COMMAND)
    for each, port in ((migrated, {"PORT": "8000"}), (api, {"PORT": "8000"}), (worker, {})):
        assert {one["name"]: one["valueFrom"] for one in each["secrets"]} == ARNS
        assert {one["name"]: one["value"] for one in each["environment"]} == {**VARIABLES, **port}

    rhesis.run(worker, worker["command"])
    assert worked(rhesis.ask, "How many words are these?") == 5
    assert services.ask("select words from runs") == ["5"]
    sent = [rhesis.cloud.requests(each) for each in ("RegisterTaskDefinition", "RunTask", "UpdateService")]
    assert all(sent)
    assert services.password not in str(sent)


def test_back_is_the_previous_task_definition_of_both_and_a_migration_that_fails_changes_neither(
    rhesis: Ecs, services: Services
) -> None:
    rhesis.inv("build")
    rhesis.inv("push")
    rhesis.inv("pin")
    rhesis.inv("migrate.up")
    (asked,) = rhesis.cloud.requests("RunTask")
    rhesis.serve(rhesis.container(asked["taskDefinition"]))
    first = rhesis.inv("deploy").document
    before = rhesis.live()["image"]

    migrate(rhesis.example, more='op.execute("select nothing from nowhere")')
    assert 'relation "nowhere" does not exist' in rhesis.inv("release", code=4).err
    assert (services.schema, "language" in services.columns) == ("0002", False)
    assert [rhesis.live()["image"], rhesis.live(WORKER)["image"]] == [before, before]

    migrate(rhesis.example)
    second = rhesis.inv("release").document
    assert services.schema == "0003"
    back = rhesis.inv("rollback").document
    assert (back["revision"], back["digest"]) == (first["revision"], first["digest"])
    assert [rhesis.live()["image"], rhesis.live(WORKER)["image"]] == [before, before]
    assert services.schema == "0003"
    rhesis.inv(f"pin --digest={second['digest']}")
    assert "Running downgrade 0003 -> 0002" in rhesis.inv("migrate.down").err
    assert (services.schema, "language" in services.columns) == ("0002", False)
    assert rhesis.ask("GET", "/health").json() == {"status": "ok", "schema": "0002"}


@pytest.fixture
def google(services: Services, monkeypatch: pytest.MonkeyPatch) -> Iterator[Google]:
    """The project of staging, with its secrets and its database."""
    with project("rhesis-staging", "us-central1", monkeypatch, "rest") as cloud:
        cloud.set(sql={"rhesis-staging:us-central1:rhesis": services.sockets})
        for name, value in services.at_socket.items():
            cloud.secrets.add(SECRETS[name], value)
        yield cloud


@pytest.fixture
def repositories(engine: docker.DockerClient, registry: str) -> Iterator[tuple[str, str]]:
    """Those of staging and of this machine; taken first, they go last, when nothing runs of their images."""
    with repository(engine, f"{registry}/staging") as staging, repository(engine, f"{registry}/local") as here:
        yield staging, here


@pytest.fixture
def others(
    repositories: tuple[str, str], rhesis: Ecs, google: Google, service: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Ecs]:
    """The same beside staging on Cloud Run and this machine's engine."""
    for name, value in rhesis.services.secrets.items():
        monkeypatch.setenv(name, value)
    staging, here = repositories
    rhesis.example.override("staging", IMAGE=staging)
    rhesis.example.override("local", SERVICE=service, IMAGE=here, URL=f"http://127.0.0.1:{free_port()}")
    yield rhesis
    clean(rhesis.engine, service)


def test_one_image_built_once_runs_on_all_three_targets(others: Ecs) -> None:
    def ask(line: str) -> dict[str, Any]:
        ran = others.dockyard(f"{line} --json", others.example.root)
        assert ran.code == 0, ran.err
        return ran.document

    staged = ask("release --env=staging")
    plain = [{"name": name, "value": value} for name, value in VARIABLES.items()]
    secrets = [{"name": name, "valueFrom": arn} for name, arn in ARNS.items()]
    image = f"{others.example.settings['staging']['IMAGE']}@{staged['digest']}"
    others.serve({"image": image, "environment": plain, "secrets": secrets})
    for env in ("local", "ecs"):
        promoted = ask(f"promote --from=staging --to={env}")
        assert (promoted["digest"], promoted["tag"]) == (staged["digest"], staged["tag"])
    assert {ask(f"verify --env={env}")["digest"] for env in ("local", "staging", "ecs")} == {staged["digest"]}
    assert others.live()["image"] == f"{others.image}@{staged['digest']}"
