"""The procedure of examples/rhesis on this machine's engine, with a real database, a real broker and a real worker."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import docker
import pytest
from docker.models.containers import Container

from tests.conftest import Dockyard
from tests.examples.conftest import Example, Local
from tests.examples.rhesis import SERVICES, SOURCE, Services, discreet, migrate, until, worked

REQUIRED = [
    "SQLALCHEMY_DATABASE_URL",
    "AUTH0_DOMAIN",
    "AUTH0_AUDIENCE",
    "AUTH0_CLIENT_ID",
    "AUTH0_CLIENT_SECRET",
    "AUTH0_SECRET_KEY",
    "LOG_LEVEL",
    "FRONTEND_URL",
    "BROKER_URL",
    "CELERY_RESULT_BACKEND",
]
POOL, CHILDREN = 10, os.cpu_count() or 1  # connections of an API, and of a worker
CHECKS = {"tests", "invalid", "login", "digest", "instances", "traffic", "health", "log"}


@pytest.fixture
def rhesis(services: Services, local: Callable[[str, str], Local], monkeypatch: pytest.MonkeyPatch) -> Local:
    """The example with its credentials in the process environment, as services/local puts them there."""
    for name, value in services.secrets.items():
        monkeypatch.setenv(name, value)
    made = local("rhesis", "local")
    made.dockyard = discreet(made.dockyard, services)
    return made


def instances(engine: docker.DockerClient, rhesis: Local) -> list[Container]:
    """The containers of it that run: APIs and workers."""
    service = rhesis.example.settings["local"]["SERVICE"]
    found: list[Container] = engine.containers.list(
        filters={"label": [f"dockyard.service={service}", "dockyard.role=instance"]}
    )
    return found


def commands(engine: docker.DockerClient, rhesis: Local) -> dict[str, str]:
    """What they run, with the image."""
    configured = [each.attrs["Config"] for each in instances(engine, rhesis)]
    return {" ".join(each["Cmd"]): each["Image"] for each in configured}


def stopped_in_a_job(engine: docker.DockerClient, rhesis: Local, services: Services) -> tuple[int, str]:
    """How a worker ends that is stopped while its job waits for PostgreSQL: its exit code, and the job's state."""
    (worker,) = [each for each in instances(engine, rhesis) if each.labels["dockyard.process"] == "worker"]
    test = rhesis.ask("POST", "/tests", json={"prompt": "this takes its time"}).json()["id"]
    services.lock("runs", seconds=3)
    path = f"/jobs/{rhesis.ask('POST', f'/tests/{test}/runs').json()['job']}"
    until(lambda: rhesis.ask("GET", path).json()["state"], lambda said: said == "STARTED")
    worker.stop(timeout=10)
    return int(worker.wait()["StatusCode"]), rhesis.ask("GET", path).json()["state"]


def test_the_whole_procedure_as_verbs_and_a_job_through_the_worker(
    rhesis: Local, services: Services, engine: docker.DockerClient
) -> None:
    built = rhesis.inv("build")
    pushed = rhesis.inv("push")
    digest = rhesis.inv("pin").document["digest"]
    assert (pushed.document["digest"], built.document["tag"]) == (digest, pushed.document["tag"])

    assert services.tables == []
    migrated = rhesis.inv("migrate.up")
    assert "Running upgrade 0001 -> 0002" in migrated.err
    assert (services.schema, services.tables) == ("0002", ["alembic_version", "runs", "tests"])

    deployed = rhesis.inv("deploy")
    assert {each["name"] for each in deployed.document["checks"] if each["ok"]} == CHECKS
    assert rhesis.inv("verify").document["digest"] == digest
    image = rhesis.example.settings["local"]["IMAGE"]
    worker = "celery -A rhesis.backend.celery_app worker --loglevel=info"
    assert commands(engine, rhesis) == dict.fromkeys(
        ("gunicorn --config /etc/gunicorn.conf.py", worker), f"{image}@{digest}"
    )

    assert rhesis.ask("GET", "/health").json() == {"status": "ok", "schema": "0002"}
    assert worked(rhesis.ask, "How many words are these?") == 5
    assert services.ask("select prompt, words from tests join runs on test_id = tests.id") == [
        "How many words are these?|5"
    ]
    assert "Task rhesis.run" in rhesis.inv("logs").out
    assert rhesis.inv("deploy.plan").document["changes"] == []
    rhesis.inv("env.show")  # says no password, as no verb here does

    assert rhesis.inv("scale --replicas=2").document["replicas"] == 2
    before = rhesis.ask("GET", "/tests").json()
    written = rhesis.ask("POST", "/tests", json={"prompt": "another", "category": "greeting"}).json()
    held = services.connections
    assert all(rhesis.ask("GET", "/tests").json() == [written, *before] for _ in range(20)), "it keeps nothing itself"
    assert set() < held <= services.connections, "they stay in their pools"
    assert len(services.connections) <= 2 * POOL + CHILDREN

    assert stopped_in_a_job(engine, rhesis, services) == (0, "SUCCESS")


def test_back_is_the_previous_image_and_the_schema_stays_until_it_is_asked_down(
    rhesis: Local, services: Services
) -> None:
    first = rhesis.inv("release").document
    migrate(rhesis.example)
    second = rhesis.inv("release").document
    assert second["digest"] != first["digest"]
    assert services.columns >= {"language"}

    back = rhesis.inv("rollback").document
    assert (back["revision"], back["digest"]) == (first["revision"], first["digest"])
    assert services.schema == "0003"
    assert worked(rhesis.ask, "the old version on the new schema") == 7

    unknown = rhesis.inv("migrate.down", code=4)
    assert "too old to know the migration, pin the one that does: inv pin --env=local --tag=TAG" in unknown.err
    newest = rhesis.inv("history").document["releases"][0]
    assert newest["digest"] == second["digest"]
    rhesis.inv(f"pin --tag={newest['tag']}")
    down = rhesis.inv("migrate.down")
    assert "Running downgrade 0003 -> 0002" in down.err
    assert (services.schema, "language" in services.columns) == ("0002", False)
    assert worked(rhesis.ask, "the old version on its own schema") == 7


def test_a_failed_migration_gets_no_traffic_and_an_undo_never_takes_the_schema_back(
    rhesis: Local, services: Services
) -> None:
    first = rhesis.inv("release").document
    migrate(rhesis.example, more='op.execute("select nothing from nowhere")')
    failed = rhesis.inv("release", code=4)
    assert 'relation "nowhere" does not exist' in failed.err
    assert (services.schema, "language" in services.columns) == ("0002", False)
    assert [each["revision"] for each in rhesis.inv("history").document["releases"]] == [first["revision"]]
    assert rhesis.ask("GET", "/health").json()["schema"] == "0002"

    source = rhesis.example.root / SOURCE
    source.write_text(source.read_text().replace('@app.get("/tests")', '@app.get("/tests", status_code=500)'))
    migrate(rhesis.example)
    undone = rhesis.inv("release", code=4)
    assert "GET /tests answered 500" in undone.err
    assert services.schema == "0003"
    assert rhesis.inv("status").document["revision"] == first["revision"]
    assert worked(rhesis.ask, "the old version on the new schema") == 7


@pytest.mark.parametrize("name", REQUIRED)
def test_none_of_the_ten_variables_may_be_missing_in_production(tmp_path: Path, dockyard: Dockyard, name: str) -> None:
    example = Example(tmp_path / "rhesis")
    example.write("rhesis")
    for path in (example.root / "env" / "prod.env", example.root / "apps/backend/.env.docker"):
        lines = path.read_text().splitlines(keepends=True)
        path.write_text(
            "".join(
                each
                for each in lines
                if each.partition("=")[0].split("_", 1)[-1] != name and not each.startswith(f"{name}=")
            )
        )
    refused = dockyard("deploy.plan --env=prod", example.root)
    assert refused.code == 1
    assert f"REQUIRED names {name}, which is not set" in refused.err


def test_services_local_gives_what_the_environment_of_this_machine_asks_for() -> None:
    script, own = f". {SERVICES / 'local'} && env", {"ADDRESS": "10.1.2.3", "PASSWORD": "another"}
    given = subprocess.run(["sh", "-c", script], env=own, capture_output=True, text=True, check=True).stdout
    values = dict(line.split("=", 1) for line in given.splitlines())
    asked = re.findall(r"=env:(\w+)", (SERVICES.parent / "env" / "local.env").read_text())
    assert len(asked) == 5
    assert all("another" in values[name] for name in asked)
    addresses = [urlsplit(values[name]) for name in asked if "://" in values[name]]
    assert sorted(f"{each.hostname}:{each.port}" for each in addresses) == [
        "10.1.2.3:5432",
        "10.1.2.3:6379",
        "10.1.2.3:6379",
    ]


def test_no_credential_stands_in_a_file(tmp_path: Path, dockyard: Dockyard) -> None:
    example = Example(tmp_path / "rhesis")
    example.write("rhesis")
    settings = example.root / "env" / "prod.env"
    settings.write_text(settings.read_text().replace("SECRET_BROKER_URL=rhesis-broker-url", ""))
    example.change("apps/backend/.env.docker", "BROKER_URL=redis://:a-password@broker:6379/0")
    refused = dockyard("deploy.plan --env=prod", example.root)
    assert (refused.code, "a-password" in refused.err) == (1, False)
    assert "BROKER_URL looks like a secret" in refused.err


def test_its_settings_are_right_as_they_are(tmp_path: Path, dockyard: Dockyard) -> None:
    example = Example(tmp_path / "rhesis")
    example.write("rhesis")
    linted = dockyard("env.lint", example.root)
    assert (linted.code, linted.out) == (0, "ecs: ok\nlocal: ok\nprod: ok\nstaging: ok\n")
