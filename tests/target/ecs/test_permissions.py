"""Roles of before ECS had service deployments: what they may not ask is done without, and said."""

from __future__ import annotations

import pytest

from tests.fakes.cloud import Cloud
from tests.fakes.registering import registered, update
from tests.target.ecs.project import Project

NEWER = ("ecs:ListServiceDeployments", "ecs:DescribeServiceDeployments", "ecs:DescribeServiceRevisions")


@pytest.mark.parametrize("denied", [*((each,) for each in NEWER), NEWER], ids=" ".join)
def test_a_deploy_without_them_follows_the_service_itself(web: Project, cloud: Cloud, denied: tuple[str, ...]) -> None:
    web.pin("v2")
    cloud.rollout(0.5)
    cloud.deny(*denied)
    done = web.inv("deploy --json")
    assert (done.code, done.document["revision"]) == (0, "web:2"), done.err
    assert denied[0] in done.err
    assert web.serving() == "web:2"


@pytest.mark.parametrize("denied", NEWER[:2])
def test_a_rollback_by_ecs_is_no_success_without_them(web: Project, cloud: Cloud, denied: str) -> None:
    cloud.broken(web.pin("v2"), how="crash")
    cloud.rollout(0.5)
    cloud.deny(denied)
    done = web.inv("deploy")
    assert done.code == 4, done.err
    assert "It was undone; web:1 serves." in done.err
    assert web.serving() == "web:1"


def test_a_stuck_deployment_is_undone_without_them(web: Project, cloud: Cloud) -> None:
    web.set(DEPLOY_TIMEOUT="1s")
    cloud.broken(web.pin("v2"), how="stuck")
    cloud.deny(*NEWER)
    done = web.inv("deploy")
    assert done.code == 4, done.err
    assert "It was undone; web:1 serves." in done.err
    assert web.serving() == "web:1"


def test_a_rollback_of_a_deployment_that_may_not_be_stopped_overtakes_it(web: Project, cloud: Cloud) -> None:
    cloud.rollout(3)
    web.pin("v2")
    update(cloud, registered(cloud, "v2"))
    cloud.deny("ecs:StopServiceDeployment")
    cloud.reset_calls()
    done = web.inv("rollback --to=web:1")
    assert done.code == 0, done.err
    assert "could not be stopped" in done.err
    (asked,) = cloud.requests("UpdateService")
    assert asked["taskDefinition"].endswith("web:1")
    assert web.serving() == "web:1"


def test_a_status_without_them_shows_the_rest(web: Project, cloud: Cloud) -> None:
    cloud.deny(*NEWER)
    done = web.inv("status --json")
    assert (done.code, done.document["revision"]) == (0, "web:1"), done.err
