"""The procedure of examples/babyshield as verbs, from build to rollback: real engine and registry, ECS by the fake."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import docker
import pytest
from docker.models.containers import Container

from tests.awscli import AwsCli
from tests.conftest import Dockyard
from tests.examples.babyshield import ACCOUNT, CLUSTER, FAMILY, NAME, SERVICE, Babyshield
from tests.examples.conftest import Example, Local
from tests.examples.pdf import lines
from tests.fakes.cloud import Cloud
from tests.fakes.fixtures import leading
from tests.fakes.given import containers
from tests.service import free_port

SECRET = f"arn:aws:secretsmanager:eu-north-1:{ACCOUNT}:secret:babyshield/database-url-Ab12Cd"
REPORT = ["Recall R-2", "Product: pacifier clip", "Hazard: choking", "Agency: EU Safety Gate", "1 / 1"]
DRAWN = """
import sys
import cv2
import numpy as np

label = np.full((420, 900), 255, np.uint8)
cv2.putText(label, sys.argv[1], (40, 120), cv2.FONT_HERSHEY_SIMPLEX, 3, 0, 6)
code = cv2.QRCodeEncoder.create().encode(sys.argv[2])
code = cv2.resize(code, None, fx=6, fy=6, interpolation=cv2.INTER_NEAREST)
label[180 : 180 + code.shape[0], 60 : 60 + code.shape[1]] = code
sys.stdout.buffer.write(cv2.imencode(".png", label)[1].tobytes())
"""
WHITE = """
import sys
import cv2
import numpy as np

white = np.full((int(sys.argv[1]), int(sys.argv[2])), 255, np.uint8)
sys.stdout.buffer.write(cv2.imencode(".png", white)[1].tobytes())
"""
BROKEN = """
import asyncio
import contextlib
import logging
import sys

import api

logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(levelname)s %(message)s")


@api.app.get("/broken")
async def broken():
    raise ValueError


async def nothing(*message):
    return {"type": "http.request"}


asked = {"type": "http", "method": "GET", "path": "/broken", "query_string": b"", "headers": []}
with contextlib.suppress(ValueError):
    asyncio.run(api.app(asked, nothing, nothing))
"""
CHECKS = {"digest", "instances", "traffic", "health", "healthz", "docs", "search", "log"}


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """The account of the example."""
    with leading(monkeypatch, account=ACCOUNT) as account:
        yield account


@pytest.fixture
def babyshield(
    tmp_path: Path, dockyard: Dockyard, engine: docker.DockerClient, images: str, started: list[Container], cloud: Cloud
) -> Babyshield:
    """The example with a registry on loopback in ECR's place; the service runs what was deployed by hand, by tag."""
    example = Example(tmp_path / "babyshield")
    example.write("babyshield")
    port = free_port()
    example.override("prod", IMAGE=images, URL=f"http://127.0.0.1:{port}")
    cloud.mirror(NAME, images)
    old = containers(NAME, f"{images}:production-fixed-20251101", NAME, cloud.region())
    cloud.service(SERVICE, cluster=CLUSTER, family=FAMILY, containers=old)
    return Babyshield(example, cloud, dockyard, engine, images, port, started)


def dated(kind: str, end: str = "") -> set[str]:
    """A tag with today's date; midnight may have been meanwhile."""
    return {f"production-{kind}-{datetime.fromtimestamp(time.time() - ago, UTC):%Y%m%d}{end}" for ago in (0, 600)}


def test_the_whole_procedure_as_verbs_from_build_to_verify(babyshield: Babyshield) -> None:
    built = babyshield.inv("build.prod --json").document
    assert built["tag"] in dated("fixed")
    babyshield.serve(built["tag"])
    assert babyshield.report("R-2") == REPORT
    pushed = babyshield.inv("push.prod --json").document
    assert pushed["tag"] == built["tag"]
    assert babyshield.ask("pin")["digest"] == pushed["digest"]

    planned = babyshield.ask("deploy.plan", code=2)
    changes = {change["what"]: change["after"] for change in planned["changes"]}
    assert changes["IMAGE digest"] == pushed["digest"]
    assert (changes["ENV_LOG_LEVEL"], changes["SECRET_DATABASE_URL"]) == ("INFO", SECRET)
    before = babyshield.live()
    deployed = babyshield.inv("deploy.prod --note=first --json").document
    assert (deployed["previous"], deployed["revision"]) == (f"{FAMILY}:1", f"{FAMILY}:2")
    assert {check["name"] for check in deployed["checks"]} >= CHECKS
    assert not [check for check in deployed["checks"] if check["ok"] is False]
    after = babyshield.live()
    named = {"image", "environment", "secrets"}  # ECS gives the variables in an order of its own
    assert {key: after[key] for key in after.keys() - named} == {key: before[key] for key in before.keys() - named}
    assert after["image"] == f"{babyshield.image}@{pushed['digest']}"
    assert after["secrets"] == [{"name": "DATABASE_URL", "valueFrom": SECRET}]
    variables = {each["name"]: each["value"] for each in after["environment"]}
    assert variables == {"LOG_LEVEL": "INFO", "REGION": "eu-north-1"}
    assert babyshield.ask("deploy.plan")["changes"] == []

    babyshield.ask("verify")
    babyshield.ask(f"verify --tag={built['tag']}")
    babyshield.change()
    second = babyshield.inv("build.prod --json").document["tag"]
    assert second in dated("fixed", "-v2")
    babyshield.inv("push.prod")
    other = babyshield.ask(f"verify --tag={second}", code=3)
    assert [check["name"] for check in other["checks"] if check["ok"] is False] == ["digest", "service revision"]


def test_releases_hotfixes_and_every_way_back(babyshield: Babyshield) -> None:
    first = babyshield.first("--note=first")
    second = babyshield.next("--note=second")
    assert (first["tag"] in dated("fixed"), second["tag"] in dated("fixed", "-v2")) == (True, True)
    hotfix = babyshield.next("--hotfix=issue123 --note='no recall for cribs'")
    assert hotfix["tag"] in dated("hotfix", "-issue123")
    assert [each["revision"] for each in (first, second, hotfix)] == [f"{FAMILY}:{number}" for number in (2, 3, 4)]

    babyshield.write("ERROR no such recall")
    errors = babyshield.inv("logs --env=prod --since=1h --filter=ERROR").out.splitlines()
    assert [line.partition("| ")[2] for line in errors] == ["ERROR no such recall"]
    status = babyshield.ask("status")
    assert (status["revision"], status["digest"]) == (hotfix["revision"], hotfix["digest"])
    assert status["pinned"] == hotfix["digest"]
    told = [(each["revision"], each["note"], each["verified"]) for each in babyshield.ask("history")["releases"]]
    assert told == [
        (f"{FAMILY}:4", "no recall for cribs", True),
        (f"{FAMILY}:3", "second", True),
        (f"{FAMILY}:2", "first", True),
        (f"{FAMILY}:1", "", False),
    ]
    pushed = babyshield.ask("images")["images"]
    assert {each["digest"] for each in pushed} == {first["digest"], second["digest"], hotfix["digest"]}
    assert [each["digest"] for each in pushed if each["serving"]] == [hotfix["digest"]]

    back = babyshield.ask("rollback")
    assert (back["revision"], back["digest"]) == (second["revision"], second["digest"])
    assert babyshield.ask(f"rollback --digest={first['digest']}")["revision"] == first["revision"]
    assert babyshield.ask(f"rollback --to={FAMILY}:4")["digest"] == hotfix["digest"]
    assert babyshield.ask("verify")["revision"] == f"{FAMILY}:4"


def test_a_broken_release_is_undone_and_the_old_one_serves(babyshield: Babyshield) -> None:
    first = babyshield.first()
    babyshield.cloud.broken(lambda definition: definition["revision"] == 3, "crash", exit_code=1, logs=["not set: A"])
    babyshield.change()
    broken = babyshield.inv("release.prod", code=4)
    assert "babyshield-backend exited with code 1" in broken.err
    assert "not set: A" in broken.err
    assert babyshield.ask("status")["revision"] == first["revision"]
    assert babyshield.live()["image"].endswith(f"@{first['digest']}")
    kept = {each["revision"]: each["verified"] for each in babyshield.ask("history")["releases"]}
    assert not kept.get(f"{FAMILY}:3")


def test_the_aws_cli_reads_what_dockyard_says(babyshield: Babyshield, aws_cli: AwsCli) -> None:
    released = babyshield.first("--note=audited")

    def read(*words: str) -> Any:
        return aws_cli("ecs", *words, environ=babyshield.cloud.environ)

    (service,) = read("describe-services", "--cluster", CLUSTER, "--services", SERVICE)["services"]
    assert service["taskDefinition"].endswith(f"/{released['revision']}")
    assert (service["runningCount"], service["deployments"][0]["rolloutState"]) == (1, "COMPLETED")
    described = read("describe-task-definition", "--task-definition", service["taskDefinition"], "--include", "TAGS")
    main, sidecar = described["taskDefinition"]["containerDefinitions"]
    assert main["image"] == f"{babyshield.image}@{released['digest']}"
    assert sidecar["name"] == "otel"
    tags = {each["key"]: each["value"] for each in described["tags"]}
    assert {"audited", released["tag"]} <= set(tags.values())
    (task,) = read("list-tasks", "--cluster", CLUSTER, "--service-name", SERVICE)["taskArns"]
    (shown,) = read("describe-tasks", "--cluster", CLUSTER, "--tasks", task)["tasks"]
    assert shown["containers"][0]["imageDigest"] == released["digest"]


def test_credentials_of_another_account_are_refused(babyshield: Babyshield) -> None:
    for verb in ("build", "push", "pin"):
        babyshield.inv(f"{verb} --env=prod")
    babyshield.example.override("prod", ACCOUNT="123456789012")
    babyshield.cloud.reset_calls()
    refused = babyshield.inv("deploy.prod", code=1)
    assert ACCOUNT in refused.err
    assert "123456789012" in refused.err
    assert "UpdateService" not in [operation for _, operation in babyshield.cloud.calls]
    assert "RegisterTaskDefinition" not in [operation for _, operation in babyshield.cloud.calls]


@pytest.mark.parametrize("line", ["build.prod --tag=latest", "push.prod --tag=latest", "pin --env=prod --tag=latest"])
def test_latest_is_refused(babyshield: Babyshield, line: str) -> None:
    assert "moving tag" in babyshield.inv(line, code=1).err


def test_the_deprecated_dockerfile_and_a_dirty_tree_are_refused(babyshield: Babyshield) -> None:
    (babyshield.example.root / "notes.txt").write_text("not committed")
    assert "notes.txt" in babyshield.inv("build.prod", code=1).err
    babyshield.example.override("prod", DOCKERFILE="Dockerfile.backend")
    assert "Dockerfile.backend is DEPRECATED" in babyshield.inv("build.prod", code=1).err


def test_production_does_not_start_without_its_database(babyshield: Babyshield) -> None:
    container = babyshield.run(babyshield.ask("build")["tag"], LOG_LEVEL="INFO")
    assert container.wait(timeout=30)["StatusCode"] == 3
    assert "not set: DATABASE_URL" in container.logs().decode()


def test_development_is_released_to_the_docker_engine(
    local: Callable[[str, str], Local], engine: docker.DockerClient, service: str
) -> None:
    babyshield = local("babyshield", "dev")
    released = babyshield.inv("release").document
    assert released["tag"].startswith("development-")
    found = babyshield.ask("POST", "/api/v1/search/advanced", json={"product": "pacifier", "limit": 1}).json()
    assert found["data"]["total"] == 1
    assert babyshield.ask("POST", "/api/v1/search/advanced", json={"limit": 1}).status_code == 422
    for path in ("/docs", "/api/v1/healthz"):
        assert babyshield.ask("HEAD", path).status_code == 200
    assert lines(babyshield.ask("GET", "/api/v1/reports/R-2.pdf", timeout=20).content) == REPORT
    assert babyshield.ask("GET", "/api/v1/reports/R-9.pdf").status_code == 404

    labels = [f"dockyard.service={service}", "dockyard.process=web"]
    (container,) = engine.containers.list(filters={"label": labels})

    def said(program: str, *words: str) -> bytes:
        code, output = container.exec_run(["python", "-c", program, *words])
        assert isinstance(output, bytes)
        assert code == 0, output
        return output

    label = said(DRAWN, "Pacifier", "GTIN 4006381333931")
    read = babyshield.ask("POST", "/api/v1/labels", content=label, timeout=30).json()
    assert "Pacifier" in read["text"]
    assert read["codes"] == [{"kind": "QRCODE", "text": "GTIN 4006381333931"}]
    assert [recall["id"] for recall in read["data"]["items"]] == ["R-1"]
    for content, status in {
        b"": 422,
        b"no picture": 422,
        b"x" * 10_000_001: 413,
        said(WHITE, "40", "40000"): 200,  # longer than tesseract takes
        said(WHITE, "8000", "8000"): 422,  # more pixels than OpenCV is to unpack
    }.items():
        assert babyshield.ask("POST", "/api/v1/labels", content=content, timeout=30).status_code == status
    assert said(BROKEN) == b"ERROR GET /broken 500\n"
    babyshield.goes_on("api.py")


def test_its_settings_are_right_as_they_are(tmp_path: Path, dockyard: Dockyard) -> None:
    example = Example(tmp_path / "babyshield")
    example.write("babyshield")
    linted = dockyard("env.lint", example.root)
    assert (linted.code, linted.out) == (0, "dev: ok\nprod: ok\n")
