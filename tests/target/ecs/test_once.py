"""The task of one command: its request, and what an end without an exit code means."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tasks.errors import DeployFailed, DockyardError
from tasks.target.ecs import once
from tests.target.ecs import sample

NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-1"], "securityGroups": ["sg-1"], "assignPublicIp": "DISABLED"}}
TASK = "arn:aws:ecs:eu-north-1:180703226577:task/c/1a2b3c4d"
STARTED = datetime(2026, 11, 22, tzinfo=UTC)


def request(**entry: Any) -> dict[str, Any]:
    made = once.request(entry, "c", "api", sample.live(), "api", ["alembic", "upgrade", "head"])
    assert len(made.pop("clientToken")) == 36
    return made


def ended(code: int | None, **task: Any) -> dict[str, Any]:
    container = {"name": "api", **({"exitCode": code} if code is not None else {})}
    return {"taskArn": TASK, "lastStatus": "STOPPED", "containers": [container, {"name": "router"}], **task}


def test_it_runs_where_and_how_the_service_s_own_tasks_run() -> None:
    assert request(
        networkConfiguration=NETWORK, launchType="FARGATE", platformVersion="1.4.0", propagateTags="SERVICE"
    ) == {
        "cluster": "c",
        "taskDefinition": f"{sample.FAMILY}:42",
        "count": 1,
        "startedBy": "dockyard",
        "group": "dockyard:api",
        "launchType": "FARGATE",
        "networkConfiguration": NETWORK,
        "platformVersion": "1.4.0",
        "propagateTags": "SERVICE",
        "overrides": {"containerOverrides": [{"name": "api", "command": ["alembic", "upgrade", "head"]}]},
    }


def test_a_capacity_provider_stands_for_the_launch_type() -> None:
    strategy = [{"capacityProvider": "FARGATE_SPOT", "weight": 1, "base": 0}]
    made = request(capacityProviderStrategy=strategy, launchType="FARGATE", propagateTags="NONE")
    assert made["capacityProviderStrategy"] == strategy
    assert not made.keys() & {"launchType", "propagateTags", "networkConfiguration", "platformVersion"}


def test_on_ec2_it_is_placed_as_the_service_is() -> None:
    constraints = [{"type": "memberOf", "expression": "attribute:ecs.instance-type =~ g4.*"}]
    made = request(launchType="EC2", placementConstraints=constraints, placementStrategy=[])
    assert (made["launchType"], made["placementConstraints"]) == ("EC2", constraints)
    assert "placementStrategy" not in made


def test_a_service_of_task_sets_has_its_network_in_the_primary_one() -> None:
    made = request(taskSets=[{"status": "PRIMARY", "networkConfiguration": NETWORK, "launchType": "FARGATE"}])
    assert (made["networkConfiguration"], made["launchType"]) == (NETWORK, "FARGATE")


def test_why_nothing_could_be_started() -> None:
    reply = {"tasks": [], "failures": [{"arn": "x", "reason": "RESOURCE:MEMORY", "detail": "none is large enough"}]}
    with pytest.raises(DockyardError) as caught:
        once.started(reply, sample.live())
    assert str(caught.value) == (
        "ECS could not start a task of api:42 (RESOURCE:MEMORY: none is large enough): see the capacity of the "
        "cluster, then type the same again."
    )


def test_the_exit_code_is_the_container_s_own() -> None:
    assert once.exit_code(ended(3), "api") == 3


def test_a_task_that_never_began_changed_nothing() -> None:
    gone = ended(None, stopCode="TaskFailedToStart", stoppedReason="CannotPullContainerError: manifest unknown")
    with pytest.raises(DockyardError, match=r"1a2b3c4d could not start \(TaskFailedToStart\): CannotPull.*not run"):
        once.exit_code(gone, "api")


def test_a_task_that_began_and_has_no_exit_code_may_have_changed_something() -> None:
    gone = ended(None, stopCode="SpotInterruption", stoppedReason="Your Spot Task was interrupted.", startedAt=STARTED)
    with pytest.raises(DeployFailed, match=r"ended without an exit code \(SpotInterruption\): Your Spot Task was"):
        once.exit_code(gone, "api")


def test_a_command_has_ended_when_its_container_has() -> None:
    assert once.over({"lastStatus": "RUNNING", "containers": [{"name": "api", "exitCode": 0}]}, "api")
    assert not once.over({"lastStatus": "RUNNING", "containers": [{"name": "api"}]}, "api")
    assert once.over({"lastStatus": "STOPPED"}, "api")
