"""Task definitions, kept as they were registered and filled in as ECS does."""

from __future__ import annotations

import copy
from typing import Any

from .errors import client, invalid
from .world import Ecs, Operation

CONTAINER = {
    "cpu": 0,
    "portMappings": [],
    "essential": True,
    "environment": [],
    "mountPoints": [],
    "volumesFrom": [],
    "systemControls": [],
}
HEALTH = {"interval": 30, "timeout": 5, "retries": 3}


def register(ecs: Ecs, request: dict[str, Any]) -> dict[str, Any]:
    content = copy.deepcopy(request)
    tags = content.pop("tags", [])
    _refuse(content)
    family = content["family"]
    revisions = ecs.definitions.setdefault(family, {})
    number = max(revisions, default=0) + 1
    fargate = "FARGATE" in content.get("requiresCompatibilities", [])
    revisions[number] = {
        "volumes": [],
        "placementConstraints": [],
        **content,
        "containerDefinitions": [_filled(each, content) for each in content["containerDefinitions"]],
        "taskDefinitionArn": f"{ecs.arn('task-definition')}/{family}:{number}",
        "revision": number,
        "status": "ACTIVE",
        "requiresAttributes": [{"name": "com.amazonaws.ecs.capability.docker-remote-api.1.18"}],
        "compatibilities": ["EC2", "FARGATE"] if fargate else ["EC2"],
        "registeredAt": ecs.now(),
        "registeredBy": f"arn:aws:iam::{ecs.knobs.account}:user/deployer",
    }
    ecs.tags[revisions[number]["taskDefinitionArn"]] = {each["key"]: each.get("value", "") for each in tags}
    return {"taskDefinition": revisions[number], "tags": tags}


def _refuse(content: dict[str, Any]) -> None:
    """What ECS would not register."""
    containers = content.get("containerDefinitions") or []
    if not containers:
        raise client("Container list cannot be empty.")
    if "FARGATE" in content.get("requiresCompatibilities", []):
        if not content.get("cpu"):
            raise client("Fargate requires that 'cpu' be defined at the task level.")
        if content.get("networkMode") != "awsvpc":
            raise client("Fargate only supports network mode 'awsvpc'.")
    for each in containers:
        if not each.get("image"):
            raise client("Container.image should not be null or empty.")
    if not any(each.get("essential", True) for each in containers):
        raise client("At least one container should be marked essential in a task definition.")


def _filled(container: dict[str, Any], content: dict[str, Any]) -> dict[str, Any]:
    """With what ECS fills in; it gives the environment back in an order of its own."""
    filled = {**copy.deepcopy(CONTAINER), **container}
    for order in ("environment", "secrets"):
        if order in filled:
            filled[order] = sorted(filled[order], key=lambda each: str(each["name"]), reverse=True)
    if content.get("networkMode") == "awsvpc":
        for port in filled["portMappings"]:
            port.setdefault("hostPort", port["containerPort"])
            port.setdefault("protocol", "tcp")
    if "healthCheck" in filled:
        filled["healthCheck"] = {**HEALTH, **filled["healthCheck"]}
    return filled


def find(ecs: Ecs, reference: str) -> dict[str, Any] | None:
    """By ARN, `family:N` or `family` (the newest ACTIVE one)."""
    family, _, number = reference.rpartition("/")[2].partition(":")
    revisions = ecs.definitions.get(family, {})
    if number:
        return revisions.get(int(number)) if number.isdigit() else None
    active = [revision for revision, each in revisions.items() if each["status"] == "ACTIVE"]
    return revisions[max(active)] if active else None


def wanted(ecs: Ecs, reference: str) -> dict[str, Any]:
    """One that a service or a task may use."""
    found = find(ecs, reference)
    if found is None:
        raise client("TaskDefinition not found.")
    if found["status"] != "ACTIVE":
        raise client("TaskDefinition is inactive")
    return found


def describe(ecs: Ecs, request: dict[str, Any]) -> dict[str, Any]:
    found = find(ecs, request["taskDefinition"])
    if found is None:
        raise client("Unable to describe task definition.")
    reply: dict[str, Any] = {"taskDefinition": {**found, **ecs.knobs.extra}}
    if "TAGS" in request.get("include", []):
        reply["tags"] = ecs.tag_list(found["taskDefinitionArn"])
    return reply


def deregister(ecs: Ecs, request: dict[str, Any]) -> dict[str, Any]:
    found = find(ecs, request["taskDefinition"]) if ":" in request["taskDefinition"] else None
    if found is None:
        raise client("Unable to describe task definition.")
    found.update(status="INACTIVE", deregisteredAt=ecs.now())
    return {"taskDefinition": found}


def listed(ecs: Ecs, request: dict[str, Any]) -> dict[str, Any]:
    status, prefix = request.get("status", "ACTIVE"), request.get("familyPrefix")
    arns = [
        each["taskDefinitionArn"]
        for family, revisions in sorted(ecs.definitions.items())
        for _, each in sorted(revisions.items())
        if each["status"] == status and prefix in (None, family)
    ]
    return ecs.page("taskDefinitionArns", arns[::-1] if request.get("sort") == "DESC" else arns, request, 100)


def families(ecs: Ecs, request: dict[str, Any]) -> dict[str, Any]:
    prefix = request.get("familyPrefix", "")
    return ecs.page("families", sorted(each for each in ecs.definitions if each.startswith(prefix)), request, 100)


def tag(ecs: Ecs, request: dict[str, Any]) -> dict[str, Any]:
    tags = ecs.tags.get(request["resourceArn"])
    if tags is None:
        raise invalid("The specified resource could not be found.")
    for each in request["tags"]:
        tags[each["key"]] = each.get("value", "")
    if len(tags) > 50:
        raise invalid("The number of tags exceeds the limit of 50.")
    return {}


def untag(ecs: Ecs, request: dict[str, Any]) -> dict[str, Any]:
    for key in request["tagKeys"]:
        ecs.tags.get(request["resourceArn"], {}).pop(key, None)
    return {}


def tags(ecs: Ecs, request: dict[str, Any]) -> dict[str, Any]:
    if request["resourceArn"] not in ecs.tags:
        raise invalid("The specified resource could not be found.")
    return {"tags": ecs.tag_list(request["resourceArn"])}


OPERATIONS: dict[str, Operation] = {
    "RegisterTaskDefinition": register,
    "DescribeTaskDefinition": describe,
    "DeregisterTaskDefinition": deregister,
    "ListTaskDefinitions": listed,
    "ListTaskDefinitionFamilies": families,
    "TagResource": tag,
    "UntagResource": untag,
    "ListTagsForResource": tags,
}
