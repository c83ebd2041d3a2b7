"""Workers are sibling services: the same digest, their own command, and one fate."""

from __future__ import annotations

import pytest

from tests.fakes.cloud import Cloud
from tests.target.ecs.project import Project, changes


@pytest.fixture
def both(web: Project) -> Project:
    """The service with a worker beside it, both deployed once."""
    web.service("web-worker")
    web.set(PROCESS_WORKER="celery -A app worker")
    done = web.inv("deploy")
    assert done.code == 0, done.err
    return web


def command(cloud: Cloud, name: str) -> list[str]:
    found: list[str] = cloud.task_definition(name)["containerDefinitions"][0].get("command", [])
    return found


def of(cloud: Cloud, name: str) -> str:
    """The main revision that a worker's task definition belongs to."""
    arn = cloud.task_definition(name)["taskDefinitionArn"]
    tags = cloud.client("ecs").list_tags_for_resource(resourceArn=arn)["tags"]
    return str({each["key"]: each["value"] for each in tags}["dockyard.of"])


def test_a_worker_gets_the_same_digest_with_its_command(both: Project, cloud: Cloud) -> None:
    digest = both.pin("v2")
    cloud.reset_calls()
    done = both.inv("deploy --json")
    assert done.code == 0, done.err
    assert changes(cloud.calls).count("UpdateService") == 2
    worker = both.serving("web-worker")
    assert both.serving() == done.document["revision"]
    assert cloud.task_definition(worker)["containerDefinitions"][0]["image"].endswith(digest)
    assert command(cloud, worker) == ["celery", "-A", "app", "worker"]
    assert command(cloud, both.serving()) == []
    assert of(cloud, worker) == both.serving()
    checks = {each["name"]: each["ok"] for each in done.document["checks"]}
    assert checks["deployment of worker"]
    assert both.inv("deploy.plan").code == 0


def test_one_look_sees_them_all(both: Project, cloud: Cloud) -> None:
    cloud.reset_calls()
    assert both.inv("deploy.plan").code == 0
    assert cloud.calls.count(("ecs", "DescribeServices")) == 1


def test_a_worker_that_fails_takes_all_back(both: Project, cloud: Cloud) -> None:
    before = both.serving(), both.serving("web-worker")
    both.pin("v2")
    cloud.broken(lambda definition: definition["family"] == "web-worker", how="crash", exit_code=5, logs=["no queue"])
    done = both.inv("deploy")
    assert done.code == 4, done.err
    assert "web-worker" in done.err
    assert "no queue" in done.err
    cloud.mended()
    assert (both.serving(), both.serving("web-worker")) == before


def test_a_worker_whose_update_is_refused_takes_the_service_back(both: Project, cloud: Cloud) -> None:
    before = both.serving(), both.serving("web-worker")
    both.pin("v2")
    cloud.fail("UpdateService", "InvalidParameterException", times=1, after=1)
    done = both.inv("deploy")
    assert done.code == 4, done.err
    assert "It was undone" in done.err
    assert (both.serving(), both.serving("web-worker")) == before


def test_a_rollback_brings_the_worker_of_that_revision_back(both: Project, cloud: Cloud) -> None:
    before = both.serving(), both.serving("web-worker")
    both.pin("v2")
    assert both.inv("deploy").code == 0
    done = both.inv("rollback")
    assert done.code == 0, done.err
    assert (both.serving(), both.serving("web-worker")) == before


def test_a_worker_without_a_service_is_a_sentence(web: Project, cloud: Cloud) -> None:
    web.set(PROCESS_MAILER="mail")
    cloud.reset_calls()
    done = web.inv("deploy")
    assert done.code == 1, done.err
    assert "web-mailer" in done.err
    assert "PROCESS_MAILER" in done.err
    assert changes(cloud.calls) == []


def test_a_changed_command_moves_the_worker_only(both: Project, cloud: Cloud) -> None:
    main = both.serving()
    both.set(PROCESS_WORKER="celery -A app worker --concurrency=2")
    cloud.reset_calls()
    done = both.inv("deploy --json")
    assert (done.code, done.document["revision"]) == (0, main), done.err
    assert [each["service"] for each in cloud.requests("UpdateService")] == ["web-worker"]
    assert command(cloud, both.serving("web-worker"))[-1] == "--concurrency=2"
