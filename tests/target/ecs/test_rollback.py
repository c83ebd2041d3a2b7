"""Back to a kept task definition: at once, and never by registering another one."""

from __future__ import annotations

from tests.fakes.cloud import Cloud
from tests.target.ecs.project import POLL, Project, until


def test_a_deregistered_revision_is_named_with_the_way_out(web: Project, cloud: Cloud) -> None:
    web.pin("v2")
    web.inv("deploy")
    cloud.client("ecs").deregister_task_definition(taskDefinition="web:1")
    done = web.inv("rollback --to=web:1")
    assert done.code == 1, done.err
    assert "web:1" in done.err


def test_a_rollback_asks_for_the_kept_task_definition_at_once(web: Project, cloud: Cloud) -> None:
    web.inv("deploy")
    web.pin("v2")
    web.inv("deploy")
    cloud.reset_calls()
    done = web.inv("rollback --json")
    assert (done.code, done.document["revision"], done.document["previous"]) == (0, "web:1", "web:2"), done.err
    assert "RegisterTaskDefinition" not in web.calls()
    assert cloud.requests("UpdateService")[-1]["taskDefinition"].endswith("web:1")
    assert web.inv("deploy --json").document["changed"] is False, "the pin went back too"


def test_a_rollback_takes_a_revision_that_dockyard_never_made(web: Project, cloud: Cloud) -> None:
    web.pin("v2")
    web.inv("deploy")
    done = web.inv("rollback --to=web:1 --json")
    assert (done.code, done.document["revision"]) == (0, "web:1"), done.err
    assert web.serving() == "web:1"


def test_a_rollback_stops_a_deployment_in_progress(web: Project, cloud: Cloud) -> None:
    web.inv("deploy")
    web.pin("v2")
    cloud.rollout(60)
    deploy = web.start("deploy", "--env=prod")
    until(cloud, POLL)
    deploy.kill()
    deploy.communicate()
    cloud.rollout(0.2)
    cloud.reset_calls()
    done = web.inv("rollback --to=web:1 --json")
    assert (done.code, done.document["revision"]) == (0, "web:1"), done.err
    assert "StopServiceDeployment" in web.calls()
    assert "UpdateService" not in web.calls()
    assert web.serving() == "web:1"


def test_a_rollback_without_a_name_returns_from_a_deployment_in_progress(web: Project, cloud: Cloud) -> None:
    web.inv("deploy")
    web.pin("v2")
    assert web.inv("deploy").code == 0
    web.pin("v3")
    cloud.rollout(60)
    deploy = web.start("deploy", "--env=prod")
    until(cloud, POLL, 2)
    deploy.kill()
    deploy.communicate()
    cloud.rollout(0.2)
    done = web.inv("rollback --json")
    assert (done.code, done.document["revision"], done.document["previous"]) == (0, "web:2", "web:3"), done.err
    assert web.serving() == "web:2"


def test_all_traffic_is_moved_by_a_deployment_and_a_share_of_it_is_refused(web: Project) -> None:
    web.pin("v2")
    assert web.inv("deploy").code == 0
    split = web.inv("traffic.split --to=web:1 --percent=20")
    assert split.code == 1, split.err
    assert "CANARY and BAKE" in split.err
    moved = web.inv("traffic.migrate --to=web:1 --json")
    assert (moved.code, moved.document["revision"]) == (0, "web:1"), moved.err
    assert web.serving() == "web:1"
