"""Deploys that fail on ECS: undone, with exit code 4, and told with what ECS itself says."""

from __future__ import annotations

import pytest

from tests.fakes.cloud import Cloud
from tests.fakes.registering import registered, update
from tests.target.ecs.project import Project, changes, meanwhile


@pytest.mark.parametrize("kind", ["CODE_DEPLOY", "EXTERNAL"])
def test_a_controller_of_another_kind_is_refused_before_anything_changes(web: Project, cloud: Cloud, kind: str) -> None:
    web.service("other", controller=kind)
    web.set(SERVICE="other")
    web.pin("v2")
    cloud.reset_calls()
    done = web.inv("deploy")
    assert done.code == 4, done.err
    assert kind in done.err
    assert "nothing was changed" in done.err
    assert changes(cloud.calls) in ([], ["PutParameter", "DeleteParameter"])


def test_a_crash_is_told_with_reason_exit_code_and_last_lines(web: Project, cloud: Cloud) -> None:
    cloud.broken(web.pin("v2"), how="crash", exit_code=3, logs=["boom", "no database"])
    done = web.inv("deploy --json")
    assert done.code == 4, done.err
    assert "circuit breaker" in done.err
    assert "exited with code 3" in done.err
    assert done.err.endswith("It was undone; web:1 serves.\n")
    document = done.document
    assert document["failed"] == "web:2"
    assert document["log"][-2:] == ["boom", "no database"]
    assert "exited with code 3" in document["reason"]
    assert web.serving() == "web:1"
    assert cloud.task_definition("web:2")["status"] == "ACTIVE"


def test_a_breaker_that_does_not_roll_back_is_undone(web: Project, cloud: Cloud) -> None:
    web.service("half", circuit_breaker=(True, False))
    web.set(SERVICE="half")
    cloud.broken(web.pin("v2"), how="oom")
    done = web.inv("deploy")
    assert done.code == 4, done.err
    assert "circuit breaker" in done.err
    assert "OutOfMemory" in done.err
    assert web.serving("half") == "half:1"


def test_a_deployment_without_a_breaker_ends_with_the_timeout(web: Project, cloud: Cloud) -> None:
    web.service("open", circuit_breaker=(False, False))
    web.set(SERVICE="open", DEPLOY_TIMEOUT="3s")
    cloud.broken(web.pin("v2"), how="crash", exit_code=9, logs=["boom"])
    done = web.inv("deploy")
    assert done.code == 4, done.err
    assert "DEPLOY_TIMEOUT=3 s" in done.err
    before, _, after = done.err.partition("Undoing open:2")
    assert "exited with code 9" in before, "the reasons come as the tasks stop"
    assert "boom" in after
    assert web.serving("open") == "open:1"


def test_a_stuck_deployment_says_what_it_waits_for(web: Project, cloud: Cloud) -> None:
    web.set(DEPLOY_TIMEOUT="2s")
    why = "was unable to place a task because no container instance met all of its requirements."
    cloud.broken(web.pin("v2"), how="stuck", reason=why)
    done = web.inv("deploy")
    assert done.code == 4, done.err
    failure = done.err.partition("Undoing")[2]
    assert "2 pending" in failure
    assert why in failure
    assert "IN_PROGRESS" in failure
    assert web.serving() == "web:1"


@pytest.mark.parametrize(("how", "told"), [("ROLLBACK", "rolled back by ECS"), ("ABORT", "stopped by somebody")])
def test_a_deployment_that_somebody_stops_has_failed(web: Project, cloud: Cloud, how: str, told: str) -> None:
    web.pin("v2")
    cloud.rollout(20)

    def stop() -> None:
        cloud.rollout(0)
        cloud.stop_by_hand("web", how=how)

    with meanwhile(cloud, stop):
        done = web.inv("deploy")
    assert done.code == 4, done.err
    assert told in done.err
    assert web.serving() == "web:1"


def test_an_alarm_s_rollback_has_failed(web: Project, cloud: Cloud) -> None:
    web.pin("v2")
    cloud.rollout(20)

    def alarm() -> None:
        cloud.rollout(0)
        cloud.alarm("web")

    with meanwhile(cloud, alarm):
        done = web.inv("deploy")
    assert done.code == 4, done.err
    assert "because of an alarm" in done.err
    assert web.serving() == "web:1"


def test_what_somebody_else_deploys_meanwhile_is_left_alone(web: Project, cloud: Cloud) -> None:
    web.pin("v2")
    cloud.rollout(20)

    def deploy() -> None:
        cloud.rollout(0)
        update(cloud, registered(cloud, "theirs"))

    with meanwhile(cloud, deploy):
        done = web.inv("deploy")
    assert done.code == 4, done.err
    assert "replaced by web:3, which somebody else deployed" in done.err
    assert "left alone" in done.err
    assert "It was undone" not in done.err
    assert web.serving() == "web:3"


def test_what_ecs_cannot_roll_back_is_brought_back(web: Project, cloud: Cloud) -> None:
    cloud.set(no_way_back=True)
    cloud.broken(web.pin("v2"), how="crash")
    done = web.inv("deploy")
    assert done.code == 4, done.err
    assert "ROLLBACK_FAILED" in done.err


def test_a_digest_that_is_not_mine_undoes_the_deploy(web: Project, cloud: Cloud) -> None:
    other = web.cloud.image("web", "other", word="other")
    cloud.set(digests=other)
    web.pin("v2")
    done = web.inv("deploy")
    assert done.code == 4, done.err
    assert f"runs {other}" in done.err
    cloud.set(digests="index")
    assert cloud.running("web")["taskDefinition"].endswith("web:1")


def test_a_digest_that_ecs_does_not_tell_is_unverified_and_no_failure(web: Project, cloud: Cloud) -> None:
    cloud.set(digests="missing")
    web.pin("v2")
    done = web.inv("deploy")
    assert done.code == 0, done.err
    assert "unverified digest" in done.err


def test_what_the_installed_botocore_would_lose_is_refused(web: Project, cloud: Cloud) -> None:
    cloud.set(extra={"futureField": 1})
    web.pin("v2")
    cloud.reset_calls()
    done = web.inv("deploy")
    assert done.code == 1, done.err
    assert "futureField" in done.err
    assert "botocore" in done.err
    assert changes(cloud.calls) == []


def test_nothing_comes_up_beside_what_serves(web: Project, cloud: Cloud) -> None:
    web.pin("v2")
    done = web.inv("deploy --no-traffic")
    assert done.code == 1, done.err
    assert "moves the traffic itself" in done.err
