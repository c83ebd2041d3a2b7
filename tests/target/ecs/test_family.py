"""A service and a worker whose task definitions are of one family."""

from __future__ import annotations

from tests.fakes.cloud import Cloud
from tests.target.ecs.project import Project


def test_a_rollback_by_digest_never_gives_the_service_its_worker_s_command(web: Project, cloud: Cloud) -> None:
    web.service("web-worker", family="web")
    web.set(PROCESS_WORKER="celery worker")
    old = web.pin("v2")
    assert web.inv("deploy").code == 0
    web.pin("v3")
    assert web.inv("deploy").code == 0
    done = web.inv(f"rollback --digest={old}")
    assert done.code == 0, done.err
    (app, _) = cloud.task_definition(web.serving())["containerDefinitions"]
    assert "command" not in app
    (app, _) = cloud.task_definition(web.serving("web-worker"))["containerDefinitions"]
    assert app["command"] == ["celery", "worker"]
    assert app["image"].endswith(old)
