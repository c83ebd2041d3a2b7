"""What an entry of DescribeServices means: who serves, who is to serve, who decides."""

from __future__ import annotations

from typing import Any

import pytest

from tasks.target import Traffic
from tasks.target.ecs.service import controller, named, primary, traffic

ARN = "arn:aws:ecs:eu-north-1:123456789012:task-definition/web:"


def deployment(number: int, running: int, status: str = "ACTIVE", state: str = "IN_PROGRESS") -> dict[str, Any]:
    return {"taskDefinition": f"{ARN}{number}", "status": status, "runningCount": running, "rolloutState": state}


def entry(*deployments: dict[str, Any]) -> dict[str, Any]:
    return {"serviceName": "web", "deployments": list(deployments)}


@pytest.mark.parametrize(
    ("deployments", "shares"),
    [
        ([deployment(2, 2, "PRIMARY", "COMPLETED")], [("web:2", 100)]),
        ([deployment(2, 0, "PRIMARY", "COMPLETED")], [("web:2", 100)]),
        ([deployment(2, 0, "PRIMARY")], [("web:2", 100)]),
        ([deployment(2, 2, "PRIMARY", "COMPLETED"), deployment(1, 2)], [("web:2", 100)]),
        ([deployment(2, 0, "PRIMARY"), deployment(1, 2)], [("web:1", 100), ("web:2", 0)]),
        ([deployment(2, 1, "PRIMARY"), deployment(1, 3)], [("web:1", 75), ("web:2", 25)]),
        ([deployment(2, 1, "PRIMARY"), deployment(1, 2)], [("web:1", 67), ("web:2", 33)]),
        (
            [deployment(3, 1, "PRIMARY"), deployment(2, 1), deployment(1, 1)],
            [("web:2", 34), ("web:3", 33), ("web:1", 33)],
        ),
        ([deployment(2, 2, "PRIMARY"), deployment(2, 2)], [("web:2", 100)]),
        ([deployment(2, 2, "PRIMARY"), deployment(1, 2, "INACTIVE")], [("web:2", 100)]),
    ],
)
def test_requests_are_shared_out_by_what_runs(deployments: list[dict[str, Any]], shares: list[tuple[str, int]]) -> None:
    found = traffic(entry(*deployments))
    assert list(found) == [Traffic(name, percent) for name, percent in shares]
    assert sum(each.percent for each in found) == 100


def test_a_service_of_another_controller_is_what_its_primary_task_set_is() -> None:
    external = {
        "deploymentController": {"type": "EXTERNAL"},
        "deployments": [],
        "taskSets": [
            {"status": "ACTIVE", "taskDefinition": f"{ARN}1"},
            {"status": "PRIMARY", "taskDefinition": f"{ARN}2"},
        ],
    }
    assert (controller(external), named(external)) == ("EXTERNAL", "web:2")


def test_a_service_without_a_controller_is_ecs_own() -> None:
    assert controller({}) == "ECS"
    assert primary({}) == {}
    assert named({"taskDefinition": f"{ARN}7"}) == "web:7"
    assert traffic({}) == ()
