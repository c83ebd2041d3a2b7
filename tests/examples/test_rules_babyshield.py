"""What is looked at and gone back to in examples/babyshield, on the AWS fake: tiny images, nothing built."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from tests.conftest import Dockyard, Result
from tests.examples.babyshield import ACCOUNT, CLUSTER, FAMILY, GROUP, NAME, SERVICE
from tests.examples.conftest import Example
from tests.examples.pinned import said
from tests.fakes.cloud import Cloud
from tests.fakes.fixtures import leading
from tests.fakes.given import containers
from tests.fakes.upload import upload
from tests.server import serving

TAG = "production-fixed-20251122"

Inv = Callable[..., Result]


class Healthy(BaseHTTPRequestHandler):
    """Answers 200 to everything."""

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_POST = do_GET  # noqa: N815


@pytest.fixture
def cloud(repository: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """The account, with the service as it was deployed by hand two hours ago."""
    with leading(monkeypatch, account=ACCOUNT) as account:
        account.mirror(repository.partition("/")[2], repository)
        account.pushed_at(repository.partition("/")[2], upload(repository, f"{TAG}-v1", "v1"), time.time() - 9000)
        old = containers(NAME, f"{repository}:{TAG}-v1", NAME, account.region())
        account.later(-7200)
        account.service(SERVICE, cluster=CLUSTER, family=FAMILY, containers=old, desired=2)
        account.later(7200)
        yield account


@pytest.fixture
def example(tmp_path: Path, repository: str) -> Iterator[Example]:
    """The example with a registry on loopback in ECR's place; its URL answers whatever is asked."""
    made = Example(tmp_path / NAME)
    made.write("babyshield")
    with serving(Healthy) as address:
        made.override("prod", IMAGE=repository, URL=f"http://{address}")
        yield made


@pytest.fixture
def inv(cloud: Cloud, example: Example, dockyard: Dockyard) -> Inv:
    """A verb in production, which must end with this code."""

    def run(line: str, code: int = 0) -> Result:
        ran = dockyard(f"{line} --env=prod", example.root)
        assert ran.code == code, f"inv {line} ended with {ran.code}: {ran.out}{ran.err}"
        return ran

    return run


def write(cloud: Cloud, *lines: tuple[float, str]) -> None:
    """Lines of the running tasks, each so many minutes ago."""
    (task, *_) = cloud.client("ecs").list_tasks(cluster=CLUSTER, serviceName=SERVICE)["taskArns"]
    now = time.time()
    at = [(int((now - minutes * 60) * 1000), text) for minutes, text in lines]
    cloud.logs(GROUP, f"ecs/{NAME}/{task.rpartition('/')[2]}", at)


def test_status_has_counts_tasks_the_last_ten_events_and_why_tasks_stopped(inv: Inv, cloud: Cloud) -> None:
    for code in range(1, 13):
        cloud.crash(SERVICE, CLUSTER, exit_code=code, logs=["no database"])
    found = inv("status --json").document
    assert (found["running"], found["desired"]) == (2, 2)
    assert [each["state"] for each in found["instances"]] == ["RUNNING", "RUNNING"]
    assert found["deployments"][0]["state"] == "PRIMARY COMPLETED"
    assert len(found["events"]) == 10
    assert any("exited with code 12" in each["detail"] for each in found["stopped"])
    assert "no database" in said(inv("logs --previous"))
    people = inv("status").out
    assert "running  2 of 2" in people
    assert people.count("  event    ") == 10


def test_logs_are_read_by_time_and_by_text(inv: Inv, cloud: Cloud) -> None:
    write(cloud, (40, "ERROR half an hour ago"), (10, "GET /docs 500"), (5, "ERROR now"), (1, "fine"))
    recent = said(inv("logs --since=30m"))
    assert {"GET /docs 500", "ERROR now", "fine"} <= set(recent)
    assert "ERROR half an hour ago" not in recent
    assert said(inv("logs --since=1h --filter=ERROR")) == ["ERROR half an hour ago", "ERROR now"]
    assert said(inv("logs --since=1h --filter=500")) == ["GET /docs 500"]


def test_one_of_the_last_ten_images_by_push_time_is_deployed_by_its_digest(
    inv: Inv, cloud: Cloud, repository: str
) -> None:
    tags = [f"{TAG}-v{number}" for number in range(13, 1, -1)]
    for ago, tag in enumerate(tags):
        cloud.pushed_at(repository.partition("/")[2], upload(repository, tag, tag), time.time() - ago)
    listed = inv("images --json").document["images"]
    assert [each["tags"] for each in listed] == [[tag] for tag in tags[:10]]
    chosen = listed[4]["digest"]
    back = inv(f"rollback --digest={chosen} --json").document
    assert (back["digest"], back["previous"]) == (chosen, f"{FAMILY}:1")
    (main, _) = cloud.task_definition(back["revision"])["containerDefinitions"]
    assert main["image"] == f"{repository}@{chosen}"


def test_in_a_hurry_the_previous_task_definition_serves_again(inv: Inv, cloud: Cloud, repository: str) -> None:
    for tag in (TAG, f"{TAG}-v2"):
        upload(repository, tag, tag)
        inv(f"pin --tag={tag}")
        inv("deploy")
    cloud.reset_calls()
    assert inv("rollback --json").document["revision"] == f"{FAMILY}:2"
    assert cloud.requests("RegisterTaskDefinition") == []
    by_tag = inv(f"rollback --to={FAMILY}:1 --json").document
    unverified = {each["name"] for each in by_tag["checks"] if each["ok"] is None}
    assert (by_tag["previous"], unverified) == (f"{FAMILY}:2", {"digest", "service revision"})
    assert cloud.running(SERVICE, CLUSTER)["taskDefinition"].endswith(f"/{FAMILY}:1")


def test_the_audit_trail_says_tag_commit_note_and_who(inv: Inv, cloud: Cloud, repository: str) -> None:
    upload(repository, TAG, "v2")
    inv(f"pin --tag={TAG}")
    inv("deploy --note='recalls of today'")
    first = inv("history --json").document["releases"][0]
    assert (first["revision"], first["tag"], first["note"]) == (f"{FAMILY}:2", TAG, "recalls of today")
    assert first["by"]
    assert first["at"]
    tags = cloud.client("ecs").list_tags_for_resource(
        resourceArn=cloud.running(SERVICE, CLUSTER)["taskDefinition"],
    )["tags"]
    assert {TAG, "recalls of today"} <= {each["value"] for each in tags}


def test_running_and_registry_are_compared_by_a_given_tag(inv: Inv, repository: str) -> None:
    for tag in (TAG, f"{TAG}-v2"):
        upload(repository, tag, tag)
    inv(f"pin --tag={TAG}")
    inv("deploy")
    checks = {each["name"]: each["ok"] for each in inv(f"verify --tag={TAG} --json").document["checks"]}
    assert {name: checks[name] for name in ("digest", "instances", "healthz", "docs", "search", "log")} == {
        **dict.fromkeys(("digest", "instances", "healthz", "docs", "search"), True),
        "log": checks["log"],
    }
    assert f"tag {TAG}-v2 is sha256:" in inv(f"verify --tag={TAG}-v2", code=3).err


def test_a_secret_that_is_written_down_and_a_tag_that_is_given(
    inv: Inv, example: Example, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert f":{TAG}-v9" in inv(f"--dry build --tag={TAG}-v9").err
    example.override("prod", ENV_DATABASE_URL="postgresql://baby:hunter2@db/shield")
    refused = inv("env.show", code=1)
    assert "SECRET_DATABASE_URL" in refused.err
    assert "hunter2" not in refused.err + refused.out
