"""Tasks of the fake: which are listed, what they run, how one-off ones end."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fakes.cloud import Cloud
from tests.fakes.knobs import Output

NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-1"], "securityGroups": ["sg-1"]}}


def run(cloud: Cloud, **more: Any) -> dict[str, Any]:
    ecs = cloud.client("ecs")
    command = {"containerOverrides": [{"name": "app", "command": ["migrate"]}]}
    started = ecs.run_task(cluster="c", taskDefinition="web", networkConfiguration=NETWORK, overrides=command, **more)[
        "tasks"
    ]
    found: dict[str, Any] = ecs.describe_tasks(cluster="c", tasks=[started[0]["taskArn"]])["tasks"][0]
    return found


def test_tasks_are_listed_by_service_family_and_status(cloud: Cloud) -> None:
    cloud.service("web", desired=2)
    cloud.service("web-worker")
    run(cloud)
    ecs = cloud.client("ecs")
    assert len(ecs.list_tasks(cluster="c")["taskArns"]) == 3
    assert len(ecs.list_tasks(cluster="c", serviceName="web")["taskArns"]) == 2
    assert len(ecs.list_tasks(cluster="c", family="web-worker")["taskArns"]) == 1
    assert len(ecs.list_tasks(cluster="c", family="web", desiredStatus="STOPPED")["taskArns"]) == 1
    assert ecs.list_tasks(cluster="c", serviceName="web", desiredStatus="STOPPED")["taskArns"] == []
    with pytest.raises(ecs.exceptions.ClusterNotFoundException):
        ecs.list_tasks(cluster="d")


@pytest.mark.parametrize("choice", ["index", "child", "missing"])
def test_a_task_says_the_digest_of_index_or_child_or_nothing(cloud: Cloud, choice: str) -> None:
    top = cloud.image("web", "v1")
    manifest = cloud.client("ecr").batch_get_image(repositoryName="web", imageIds=[{"imageTag": "v1"}])["images"][0]
    child = cloud.region().child(f"{cloud.repository('web')}:v1")
    assert child != top
    assert child in manifest["imageManifest"]
    cloud.set(digests=choice)
    cloud.service("web", image=f"{cloud.repository('web')}@{top}")
    ecs = cloud.client("ecs")
    [task] = ecs.describe_tasks(cluster="c", tasks=ecs.list_tasks(cluster="c")["taskArns"])["tasks"]
    assert task["containers"][0].get("imageDigest") == {"index": top, "child": child, "missing": None}[choice]


def test_a_command_can_be_run_for_real(cloud: Cloud) -> None:
    cloud.service("web", image="registry/web:1")
    cloud.set(runner=lambda container, command: Output((f"{container['image']} {command}",), exit_code=3))
    task = run(cloud)
    assert {each["name"]: each["exitCode"] for each in task["containers"]} == {"app": 3, "otel": 0}
    logs = cloud.client("logs").filter_log_events(logGroupName="/ecs/web")["events"]
    assert [each["message"] for each in logs][-1:] == ["registry/web:1 ['migrate']"]


def test_a_one_off_task_ends_within_one_poll_with_its_log_and_code(cloud: Cloud) -> None:
    cloud.service("web")
    cloud.task_output(["one", "two"], exit_code=3, containers={"otel": 137})
    task = run(cloud, startedBy="dockyard")
    assert (task["lastStatus"], task["stopCode"]) == ("STOPPED", "EssentialContainerExited")
    assert {each["name"]: each["exitCode"] for each in task["containers"]} == {"app": 3, "otel": 137}
    stream = f"ecs/app/{task['taskArn'].rpartition('/')[2]}"
    logs = cloud.client("logs").filter_log_events(logGroupName="/ecs/web", logStreamNames=[stream])["events"]
    assert [each["message"] for each in logs] == ["one", "two"]
    assert cloud.requests("RunTask")[0]["networkConfiguration"] == NETWORK


def test_a_longer_one_writes_as_it_goes(cloud: Cloud) -> None:
    cloud.service("web")
    cloud.task_output(["one", "two"], seconds=100)
    task = run(cloud)
    assert task["lastStatus"] == "RUNNING"
    logs, ecs = cloud.client("logs"), cloud.client("ecs")
    prefix = f"ecs/app/{task['taskArn'].rpartition('/')[2]}"
    read = {"logGroupName": "/ecs/web", "logStreamNamePrefix": prefix}
    assert [each["message"] for each in logs.filter_log_events(**read)["events"]] == ["one"]
    cloud.later(100)
    ended = ecs.describe_tasks(cluster="c", tasks=[task["taskArn"]])["tasks"][0]
    assert (ended["stoppedAt"] - ended["startedAt"]).total_seconds() == pytest.approx(100)
    assert len(logs.filter_log_events(**read)["events"]) == 2


def test_one_that_never_starts_has_no_exit_code(cloud: Cloud) -> None:
    cloud.service("web")
    cloud.task_output(exit_code=None, stop_code="TaskFailedToStart", stopped="ResourceInitializationError: no secret")
    task = run(cloud)
    assert task["stoppedReason"] == "ResourceInitializationError: no secret"
    assert "exitCode" not in task["containers"][0]
    assert "startedAt" not in task


def test_what_cannot_run_is_refused(cloud: Cloud) -> None:
    cloud.service("web")
    ecs = cloud.client("ecs")
    with pytest.raises(ecs.exceptions.InvalidParameterException, match="Network Configuration must be provided"):
        ecs.run_task(cluster="c", taskDefinition="web")
    overrides = {"containerOverrides": [{"name": "nope"}]}
    with pytest.raises(ecs.exceptions.InvalidParameterException, match="container named nope"):
        ecs.run_task(cluster="c", taskDefinition="web", networkConfiguration=NETWORK, overrides=overrides)
    cloud.set(refused="RESOURCE:MEMORY")
    reply = ecs.run_task(cluster="c", taskDefinition="web", networkConfiguration=NETWORK)
    assert (reply["tasks"], reply["failures"][0]["reason"]) == ([], "RESOURCE:MEMORY")


def test_a_task_that_dies_is_replaced(cloud: Cloud) -> None:
    cloud.service("web", desired=2)
    before = {task["startedAt"] for task in _tasks(cloud)}
    cloud.later(1)
    cloud.crash("web", exit_code=9, logs=["killed"])
    assert not before & {task["startedAt"] for task in _tasks(cloud)}
    assert cloud.running("web")["runningCount"] == 2


def _tasks(cloud: Cloud) -> list[dict[str, Any]]:
    ecs = cloud.client("ecs")
    arns = ecs.list_tasks(cluster="c", serviceName="web")["taskArns"]
    found: list[dict[str, Any]] = ecs.describe_tasks(cluster="c", tasks=arns)["tasks"]
    return found
