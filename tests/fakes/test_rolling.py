"""A rollout of the fake, read by the real client."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fakes.cloud import Cloud
from tests.fakes.registering import registered, update


def going(cloud: Cloud, reply: dict[str, Any]) -> dict[str, Any]:
    ecs = cloud.client("ecs")
    after = {"after": reply["deployments"][0]["createdAt"]}
    listed = ecs.list_service_deployments(cluster="c", service="web", createdAt=after)["serviceDeployments"]
    found: dict[str, Any] = ecs.describe_service_deployments(serviceDeploymentArns=[listed[0]["serviceDeploymentArn"]])[
        "serviceDeployments"
    ][0]
    return found


def said(cloud: Cloud) -> list[str]:
    return [each["message"] for each in reversed(cloud.running("web")["events"])]


def test_a_change_rolls_and_takes_its_time(cloud: Cloud) -> None:
    cloud.service("web", desired=2)
    cloud.rollout(400)
    reply = update(cloud, registered(cloud, "v2"))
    assert [(each["status"], each["rolloutState"], each["runningCount"]) for each in reply["deployments"]] == [
        ("PRIMARY", "IN_PROGRESS", 0),
        ("ACTIVE", "COMPLETED", 2),
    ]
    assert going(cloud, reply)["status"] == "IN_PROGRESS"
    assert cloud.running("web")["deployments"][0]["pendingCount"] == 2
    cloud.later(250)
    assert cloud.running("web")["deployments"][0]["runningCount"] == 2
    cloud.later(150)
    done = going(cloud, reply)
    assert done["status"] == "SUCCESSFUL"
    assert (done["finishedAt"] - done["startedAt"]).total_seconds() == pytest.approx(400)
    assert [each["status"] for each in cloud.running("web")["deployments"]] == ["PRIMARY"]
    assert said(cloud)[-1] == "(service web) has reached a steady state."


def test_the_tasks_run_the_new_digest_and_the_old_ones_are_listed_as_stopped(cloud: Cloud) -> None:
    cloud.service("web")
    image = registered(cloud, "v2")
    update(cloud, image)
    ecs = cloud.client("ecs")
    [running] = ecs.describe_tasks(cluster="c", tasks=ecs.list_tasks(cluster="c", serviceName="web")["taskArns"])[
        "tasks"
    ]
    assert running["containers"][0]["imageDigest"] == running["containers"][0]["image"].partition("@")[2]
    stopped = ecs.list_tasks(cluster="c", serviceName="web", desiredStatus="STOPPED")["taskArns"]
    [old] = ecs.describe_tasks(cluster="c", tasks=stopped)["tasks"]
    assert old["stopCode"] == "ServiceSchedulerInitiated"
    assert old["stoppedReason"] == f"Scaling activity initiated by (deployment {running['startedBy']})"


def test_the_circuit_breaker_goes_back(cloud: Cloud) -> None:
    cloud.service("web", desired=2)
    before = cloud.running("web")["taskDefinition"]
    cloud.broken("sha256:", "crash", exit_code=3, logs=["no database"])
    reply = update(cloud, registered(cloud, "v2"))
    cloud.running("web")
    cloud.mended()
    done = going(cloud, reply)
    assert done["status"] == "ROLLBACK_SUCCESSFUL"
    assert done["deploymentCircuitBreaker"] == {"status": "TRIGGERED", "failureCount": 4, "threshold": 3}
    assert done["rollback"]["serviceRevisionArn"] == done["sourceServiceRevisions"][0]["arn"]
    assert cloud.running("web")["taskDefinition"] == before
    primary = cloud.running("web")["deployments"][0]
    assert said(cloud)[-4:] == [
        f"(service web) (deployment {reply['deployments'][0]['id']}) deployment failed: tasks failed to start.",
        f"(service web) rolling back to deployment {primary['id']}.",
        f"(service web) (deployment {primary['id']}) deployment completed.",
        "(service web) has reached a steady state.",
    ]
    ecs, logs = cloud.client("ecs"), cloud.client("logs")
    stopped = ecs.list_tasks(cluster="c", serviceName="web", desiredStatus="STOPPED")["taskArns"]
    task = ecs.describe_tasks(cluster="c", tasks=stopped[-1:])["tasks"][0]
    assert (task["stopCode"], task["containers"][0]["exitCode"]) == ("EssentialContainerExited", 3)
    stream = f"ecs/app/{task['taskArn'].rpartition('/')[2]}"
    lines = logs.get_log_events(logGroupName="/ecs/web", logStreamName=stream, startFromHead=True)["events"]
    assert [each["message"] for each in lines] == ["ready", "no database"]


def test_a_breaker_that_does_not_go_back_stops(cloud: Cloud) -> None:
    cloud.service("web", circuit_breaker=(True, False))
    image = registered(cloud, "v2")
    cloud.broken("sha256:")
    done = going(cloud, update(cloud, image))
    assert (done["status"], "stoppedAt" in done) == ("STOPPED", True)
    assert [each["rolloutState"] for each in cloud.running("web")["deployments"]] == ["FAILED", "COMPLETED"]


@pytest.mark.parametrize("how", ["crash", "stuck", "pull", "unhealthy"])
def test_without_a_breaker_it_sticks(cloud: Cloud, how: str) -> None:
    cloud.service("web", circuit_breaker=(False, False))
    image = registered(cloud, "v2")
    cloud.broken("sha256:", how)
    done = going(cloud, update(cloud, image))
    assert (done["status"], done["deploymentCircuitBreaker"]["status"]) == ("IN_PROGRESS", "DISABLED")
    assert bool(done["deploymentCircuitBreaker"]["failureCount"]) == (how != "stuck")
    assert cloud.running("web")["deployments"][1]["runningCount"] == 1


@pytest.mark.parametrize(
    ("how", "status", "primary"), [("ROLLBACK", "ROLLBACK_SUCCESSFUL", 1), ("ABORT", "STOPPED", 2)]
)
def test_one_in_progress_is_stopped(cloud: Cloud, how: str, status: str, primary: int) -> None:
    cloud.service("web")
    image = registered(cloud, "v2")
    cloud.broken("sha256:", "stuck")
    reply = update(cloud, image)
    arn = going(cloud, reply)["serviceDeploymentArn"]
    ecs = cloud.client("ecs")
    ecs.stop_service_deployment(serviceDeploymentArn=arn, stopType=how)
    assert going(cloud, reply)["status"] == status
    assert cloud.running("web")["taskDefinition"].endswith(f":{primary}")
    with pytest.raises(ecs.exceptions.ConflictException):
        ecs.stop_service_deployment(serviceDeploymentArn=arn, stopType=how)


def test_a_newer_one_stops_the_one_in_progress(cloud: Cloud) -> None:
    cloud.service("web")
    image = registered(cloud, "v2")
    cloud.broken("sha256:", "stuck")
    first = going(cloud, update(cloud, image))
    cloud.mended()
    update(cloud, registered(cloud, "v3"))
    cloud.running("web")
    ecs = cloud.client("ecs")
    arns = [first["serviceDeploymentArn"]]
    assert ecs.describe_service_deployments(serviceDeploymentArns=arns)["serviceDeployments"][0]["status"] == "STOPPED"


def test_the_same_definition_is_deployed_by_force_only(cloud: Cloud) -> None:
    cloud.service("web")
    same = cloud.running("web")["taskDefinition"]
    assert len(update(cloud, same)["deployments"]) == 1
    assert len(update(cloud, same, forceNewDeployment=True)["deployments"]) == 2


def test_another_count_makes_no_deployment(cloud: Cloud) -> None:
    cloud.service("web")
    ecs = cloud.client("ecs")
    assert len(ecs.update_service(cluster="c", service="web", desiredCount=3)["service"]["deployments"]) == 1
    assert cloud.running("web")["runningCount"] == 3
    ecs.update_service(cluster="c", service="web", desiredCount=1)
    assert cloud.running("web")["runningCount"] == 1


@pytest.mark.parametrize("controller", ["CODE_DEPLOY", "EXTERNAL"])
def test_what_ecs_does_not_deploy_refuses_a_definition(cloud: Cloud, controller: str) -> None:
    cloud.service("web", controller=controller)
    image = registered(cloud, "v2")
    ecs = cloud.client("ecs")
    with pytest.raises(ecs.exceptions.InvalidParameterException, match=f"{controller} deployment controller"):
        ecs.update_service(cluster="c", service="web", taskDefinition=image)


def test_a_deployment_may_be_listed_late_and_the_current_one_be_stale(cloud: Cloud) -> None:
    cloud.service("web")
    cloud.later(300)
    before = cloud.running("web")["currentServiceDeployment"]
    cloud.set(lag=200, stale=True)
    update(cloud, registered(cloud, "v2"))
    ecs = cloud.client("ecs")
    known = ecs.list_service_deployments(cluster="c", service="web")["serviceDeployments"]
    assert [each["serviceDeploymentArn"] for each in known] == [before]
    assert cloud.running("web")["currentServiceDeployment"] == before
    cloud.later(200)
    assert len(ecs.list_service_deployments(cluster="c", service="web")["serviceDeployments"]) == 2
