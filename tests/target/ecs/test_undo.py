"""What was begun is taken back: by ECS itself where it can, by another update where it cannot."""

from __future__ import annotations

import pytest

from tests.fakes.cloud import Cloud
from tests.target.ecs.project import Project, meanwhile

FAILING = {"CHECK_HOME": "GET / 200", "URL": "http://127.0.0.1:9"}  # nothing listens there


def asked(cloud: Cloud) -> list[str]:
    """What was asked of the service since the count began, with the task definition."""
    found = []
    for each in cloud.log:
        if each.operation in ("UpdateService", "StopServiceDeployment"):
            name = str(each.request.get("taskDefinition", "")).rpartition("/")[2]
            found.append(f"{each.operation} {name}".strip())
    return found


def test_a_deployment_that_is_under_way_is_stopped(web: Project, cloud: Cloud) -> None:
    web.set(DEPLOY_TIMEOUT="1s")
    cloud.broken(web.pin("v2"), how="stuck")
    cloud.reset_calls()
    assert web.inv("deploy").code == 4
    assert asked(cloud) == ["UpdateService web:2", "StopServiceDeployment"]
    assert web.serving() == "web:1"


@pytest.mark.parametrize("wrong", ["denied", "refused"])
def test_one_that_cannot_be_stopped_is_replaced(web: Project, cloud: Cloud, wrong: str) -> None:
    web.set(DEPLOY_TIMEOUT="1s")
    cloud.broken(web.pin("v2"), how="stuck")
    if wrong == "denied":
        cloud.deny("ecs:StopServiceDeployment")
    else:
        cloud.fail("StopServiceDeployment", "UnsupportedFeatureException")
    cloud.reset_calls()
    done = web.inv("deploy")
    assert done.code == 4, done.err
    assert asked(cloud) == ["UpdateService web:2", "StopServiceDeployment", "UpdateService web:1"]
    assert "replaced instead" in done.err
    assert web.serving() == "web:1"


def test_what_ecs_has_rolled_back_is_only_confirmed(web: Project, cloud: Cloud) -> None:
    cloud.broken(web.pin("v2"), how="crash")
    cloud.reset_calls()
    assert web.inv("deploy").code == 4
    assert asked(cloud) == ["UpdateService web:2"]


def test_a_failed_check_brings_back_what_served(web: Project, cloud: Cloud) -> None:
    web.pin("v2")
    web.set(**FAILING)
    cloud.reset_calls()
    done = web.inv("deploy")
    assert done.code == 4, done.err
    assert "home failed on web:2" in done.err
    assert asked(cloud) == ["UpdateService web:2", "UpdateService web:1"]
    assert web.serving() == "web:1"


def test_auto_rollback_false_leaves_it_as_it_is(web: Project, cloud: Cloud) -> None:
    web.pin("v2")
    web.set(**FAILING, AUTO_ROLLBACK="false")
    done = web.inv("deploy")
    assert done.code == 4, done.err
    assert "inv rollback --env=prod --to=web:1 goes back" in done.err
    assert web.serving() == "web:2"


def test_a_count_goes_back_too(web: Project, cloud: Cloud) -> None:
    web.pin("v2")
    web.set(**FAILING, REPLICAS="4")
    assert web.inv("deploy").code == 4
    assert cloud.running("web")["desiredCount"] == 2


def test_a_configuration_goes_back_too(web: Project, cloud: Cloud) -> None:
    web.service("moved", strategy="BLUE_GREEN")
    before = cloud.running("moved")["deploymentConfiguration"]
    web.set(**FAILING, SERVICE="moved", CANARY="20", BAKE="1m", DEPLOY_TIMEOUT="15m")
    web.pin("v2")
    assert web.inv("deploy").code == 4
    after = cloud.running("moved")["deploymentConfiguration"]
    assert {key: after[key] for key in before} == before
    assert web.serving("moved") == "moved:1"


def test_a_way_back_takes_no_steps(web: Project, cloud: Cloud) -> None:
    web.service("moved", strategy="BLUE_GREEN")
    web.set(SERVICE="moved", CANARY="20", BAKE="1m", DEPLOY_TIMEOUT="15m")
    assert web.inv("deploy").code == 0
    web.pin("v2")
    assert web.inv("deploy").code == 0
    canary = cloud.running("moved")["deploymentConfiguration"]
    assert canary["strategy"] == "CANARY"
    cloud.reset_calls()
    assert web.inv("rollback").code == 0
    back, after = cloud.requests("UpdateService")
    assert back["deploymentConfiguration"]["strategy"] == "BLUE_GREEN"
    assert set(after) == {"cluster", "service", "deploymentConfiguration"}
    assert cloud.running("moved")["deploymentConfiguration"] == canary
    assert web.inv("deploy --json").document["changed"] is False


def test_an_undo_that_fails_says_so_and_what_to_type(web: Project, cloud: Cloud) -> None:
    web.set(DEPLOY_TIMEOUT="2s")
    cloud.broken(web.pin("v2"), how="stuck")
    with meanwhile(cloud, lambda: cloud.deny("ecs:*")):
        done = web.inv("deploy")
    assert done.code == 4, done.err
    assert "could NOT be brought back to web:1" in done.err
    assert "inv rollback --env=prod --to=web:1" in done.err
    assert "It was undone" not in done.err


def test_a_revision_that_failed_is_tried_again_without_another_one(web: Project, cloud: Cloud) -> None:
    cloud.broken(web.pin("v2"), how="crash")
    assert web.inv("deploy").code == 4
    cloud.mended()
    done = web.inv("deploy --json")
    assert (done.code, done.document["revision"]) == (0, "web:2"), done.err
    assert len(cloud.requests("RegisterTaskDefinition")) == 1


def test_undone_deploys_leave_no_lock_behind(web: Project, cloud: Cloud) -> None:
    cloud.broken(web.pin("v2"), how="crash")
    assert web.inv("deploy").code == 4
    assert web.inv("lock --json").document.get("holder") is None


def test_the_way_back_from_a_first_canary_takes_no_steps(web: Project, cloud: Cloud) -> None:
    web.service("moved", strategy="BLUE_GREEN")
    web.set(**FAILING, SERVICE="moved", CANARY="20", BAKE="1m", DEPLOY_TIMEOUT="15m")
    web.pin("v2")
    cloud.reset_calls()
    assert web.inv("deploy").code == 4
    there, back, _ = cloud.requests("UpdateService")
    assert there["deploymentConfiguration"]["strategy"] == "CANARY"
    assert back["deploymentConfiguration"]["strategy"] == "BLUE_GREEN"
    assert back["deploymentConfiguration"]["bakeTimeInMinutes"] == 0


def test_the_service_s_own_bakes_come_on_top_of_an_undo_s_timeout_too(web: Project, cloud: Cloud) -> None:
    own = {"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 2}
    web.service("moved", strategy="BLUE_GREEN", deploymentConfiguration=own)
    web.set(**FAILING, SERVICE="moved", DEPLOY_TIMEOUT="1s")
    cloud.rollout(0.2, minute=0.9)
    web.pin("v2")
    done = web.inv("deploy")
    assert done.code == 4, done.err
    assert "It was undone; moved:1 serves." in done.err


def test_a_worker_that_is_refused_and_an_undo_that_fails_are_both_told(web: Project, cloud: Cloud) -> None:
    web.service("web-worker", family="worker")
    web.set(PROCESS_WORKER="celery", DEPLOY_TIMEOUT="1s")
    web.pin("v2")
    cloud.rollout(60)
    cloud.fail("UpdateService", "InvalidParameterException", after=1, times=9, message="no such subnet")
    cloud.deny("ecs:StopServiceDeployment")
    done = web.inv("deploy")
    assert done.code == 4, done.err
    last = done.err.partition("Undoing web:2")[2]
    assert last.count("no such subnet") == 2, done.err
    assert "could NOT be brought back" in last
