"""Tasks: their containers with digests, how they end, and what is listed of them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any

from .errors import Refused, invalid
from .world import Ecs, Operation, identity


@dataclass
class Task:
    """A task of a service, or one of its own."""

    ecs: Ecs
    cluster: str
    definition: dict[str, Any]
    group: str
    created: float
    started_by: str = ""
    network: dict[str, Any] = field(default_factory=dict)
    overrides: dict[str, Any] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    status: str = "PENDING"
    desired: str = "RUNNING"
    health: str = "UNKNOWN"
    started: float | None = None
    stopped: float | None = None
    reason: str = ""
    code: str = ""
    exits: dict[str, tuple[int | None, str]] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for each in self.definition["containerDefinitions"]:
            self.digests[each["name"]] = self._digest(each["image"])

    def _digest(self, image: str) -> str:
        known = {"index": self.ecs.resolved, "child": self.ecs.child, "missing": "".format}
        choice = self.ecs.knobs.digests
        return known[choice](image) if choice in known else choice

    @property
    def arn(self) -> str:
        return f"{self.ecs.arn('task')}/{self.cluster}/{self.id}"

    @property
    def live(self) -> bool:
        """Whether ECS wants it."""
        return self.desired == "RUNNING"

    def run(self, when: float) -> None:
        """From PENDING to RUNNING."""
        if self.live:
            self.status, self.started = "RUNNING", when
            if any("healthCheck" in each for each in self.definition["containerDefinitions"]):
                self.health = "HEALTHY"

    def stop(self, when: float, reason: str, code: str, exits: dict[str, tuple[int | None, str]] | None = None) -> None:
        """For good: exit codes and reasons by container, 0 for those not named."""
        self.status, self.desired, self.stopped = "STOPPED", "STOPPED", when
        self.reason, self.code = reason, code
        ran = code != "TaskFailedToStart" and self.started is not None
        for each in self.definition["containerDefinitions"]:
            self.exits[each["name"]] = (exits or {}).get(each["name"], (0 if ran else None, ""))

    def log(self, container: str, when: float, lines: tuple[str, ...] | list[str]) -> None:
        """Write lines to where the container's awslogs options say, if they say it."""
        for each in self.definition["containerDefinitions"]:
            options = each.get("logConfiguration", {}).get("options", {})
            if each["name"] == container and "awslogs-group" in options and lines:
                prefix = options.get("awslogs-stream-prefix")
                stream = f"{prefix}/{container}/{self.id}" if prefix else self.id
                written = [(int(when * 1000), line) for line in lines]
                self.ecs.groups.write(options["awslogs-group"], stream, written, self.ecs.knobs.log_delay)

    def document(self) -> dict[str, Any]:
        """As DescribeTasks has it."""
        stopped = {
            "stoppedAt": self.stopped,
            "stoppingAt": self.stopped,
            "executionStoppedAt": self.stopped,
            "stoppedReason": self.reason,
            "stopCode": self.code,
        }
        return {
            "taskArn": self.arn,
            "clusterArn": f"{self.ecs.arn('cluster')}/{self.cluster}",
            "taskDefinitionArn": self.definition["taskDefinitionArn"],
            "containers": [self._container(each) for each in self.definition["containerDefinitions"]],
            "overrides": {"containerOverrides": [], "inferenceAcceleratorOverrides": [], **self.overrides},
            "attachments": self._attachments(),
            "lastStatus": self.status,
            "desiredStatus": self.desired,
            "healthStatus": self.health,
            "availabilityZone": f"{self.ecs.region}a",
            "connectivity": "CONNECTED",
            "cpu": self.definition.get("cpu", "256"),
            "memory": self.definition.get("memory", "512"),
            "createdAt": self.created,
            "group": self.group,
            "launchType": "FARGATE",
            "platformVersion": "1.4.0",
            "platformFamily": "Linux",
            "version": 1,
            **({"startedBy": self.started_by} if self.started_by else {}),
            **({"startedAt": self.started, "pullStartedAt": self.created} if self.started else {}),
            **(stopped if self.stopped else {}),
            **self.extra,
        }

    def _container(self, container: dict[str, Any]) -> dict[str, Any]:
        code, reason = self.exits.get(container["name"], (None, ""))
        found = self.digests.get(container["name"])
        return {
            "containerArn": f"{self.ecs.arn('container')}/{self.cluster}/{self.id}/{identity()}",
            "taskArn": self.arn,
            "name": container["name"],
            "image": container["image"],
            "lastStatus": self.status,
            "healthStatus": self.health if "healthCheck" in container else "UNKNOWN",
            "networkInterfaces": [],
            "cpu": str(container.get("cpu", 0)),
            **({"imageDigest": found, "runtimeId": f"{self.id}-1"} if found and self.started else {}),
            **({"exitCode": code} if code is not None else {}),
            **({"reason": reason} if reason else {}),
        }

    def _attachments(self) -> list[dict[str, Any]]:
        awsvpc = self.network.get("awsvpcConfiguration")
        details = [{"name": "subnetId", "value": awsvpc["subnets"][0]}] if awsvpc else []
        attached = {"id": self.id, "type": "ElasticNetworkInterface", "status": "ATTACHED", "details": details}
        return [attached] if awsvpc else []


def listed(ecs: Ecs, request: dict[str, Any]) -> dict[str, Any]:
    """ListTasks: the running ones unless stopped ones are asked for; a service's by its group."""
    cluster = ecs.cluster(request)
    service = request.get("serviceName", "").rpartition("/")[2]
    if service and f"{cluster}/{service}" not in ecs.services:
        raise Refused("ServiceNotFoundException", "Service not found.")
    found = [
        each.arn
        for each in ecs.tasks.values()
        if each.cluster == cluster
        and each.desired == request.get("desiredStatus", "RUNNING")
        and (not service or each.group == f"service:{service}")
        and request.get("family", each.definition["family"]) == each.definition["family"]
        and request.get("startedBy", each.started_by) == each.started_by
    ]
    return ecs.page("taskArns", found, request, 100)


def describe(ecs: Ecs, request: dict[str, Any]) -> dict[str, Any]:
    cluster = ecs.cluster(request)
    if not 0 < len(request["tasks"]) <= 100:
        raise invalid("Tasks cannot be empty." if not request["tasks"] else "Tasks cannot have more than 100 elements.")
    found, failures = [], []
    for reference in request["tasks"]:
        task = ecs.tasks.get(reference.rpartition("/")[2])
        if task and task.cluster == cluster:
            found.append(task.document() | ({"tags": []} if "TAGS" in request.get("include", []) else {}))
        else:
            arn = f"{ecs.arn('task')}/{cluster}/{reference.rpartition('/')[2]}"
            failures.append({"arn": arn, "reason": "MISSING"})
    return {"tasks": found, "failures": failures}


def stop(ecs: Ecs, request: dict[str, Any]) -> dict[str, Any]:
    ecs.cluster(request)
    task = ecs.tasks.get(request["task"].rpartition("/")[2])
    if task is None:
        raise invalid("The referenced task was not found.")
    if task.status != "STOPPED":
        reason = request.get("reason", "Task stopped by user")
        task.stop(ecs.now(), reason, "UserInitiated", dict.fromkeys(task.digests, (137, "")))
        service = ecs.services.get(f"{task.cluster}/{task.group.removeprefix('service:')}")
        if service:
            service.replace(task, ecs.now())
    return {"task": task.document()}


OPERATIONS: dict[str, Operation] = {"ListTasks": listed, "DescribeTasks": describe, "StopTask": stop}
