"""Service deployments: how each goes, and what is told of it and of the revisions that it deploys."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .errors import Refused, invalid
from .services import Deployment, Service
from .world import Ecs, Operation, number

OVER = ("SUCCESSFUL", "STOPPED", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED")


@dataclass
class ServiceDeployment:
    """From one revision of a service to another."""

    service: Service
    target: Deployment
    source: Deployment | None
    created: float
    configuration: dict[str, Any]
    id: str = field(default_factory=number)
    status: str = "PENDING"
    reason: str = ""
    stage: str = ""
    started: float | None = None
    finished: float | None = None
    stopped: float | None = None
    updated: float = 0.0
    rollback: dict[str, Any] | None = None
    broken: str = "MONITORING"
    weights: tuple[float, float] = (0.0, 0.0)  # of the target: test and production traffic

    @property
    def arn(self) -> str:
        return f"{self.service.ecs.arn('service-deployment')}/{self.service.path}/{self.id}"

    @property
    def strategy(self) -> str:
        return str(self.configuration.get("strategy", "ROLLING"))

    @property
    def breaker(self) -> dict[str, bool]:
        """`enable` and `rollback`; rolling deployments only have one, unless a knob says that all do."""
        off = {"enable": False, "rollback": False}
        heard = self.strategy == "ROLLING" or self.service.ecs.knobs.breaks_shifting
        return {**off, **self.configuration.get("deploymentCircuitBreaker", {})} if heard else off

    @property
    def threshold(self) -> int:
        """Failed tasks that break it: half of the desired ones, between 3 and 200."""
        return min(200, max(3, -(-self.target.desired // 2)))

    def become(self, status: str, when: float, reason: str = "") -> None:
        """Its next status."""
        self.status, self.reason, self.updated = status, reason or self.reason, when
        if status == "IN_PROGRESS":
            self.started = when
        if status in OVER:
            self.finished = when
            self.stopped = when if status == "STOPPED" else None
            self.broken = "MONITORING_COMPLETE" if self.broken == "MONITORING" else self.broken

    def brief(self) -> dict[str, Any]:
        """As ListServiceDeployments has it."""
        times = {"startedAt": self.started, "finishedAt": self.finished}
        return {
            "serviceDeploymentArn": self.arn,
            "serviceArn": self.service.arn,
            "clusterArn": f"{self.service.ecs.arn('cluster')}/{self.service.cluster}",
            "createdAt": self.created,
            "status": self.status,
            "targetServiceRevisionArn": self.target.revision_arn,
            **({"statusReason": self.reason} if self.reason else {}),
            **{key: at for key, at in times.items() if at is not None},
        }

    def document(self) -> dict[str, Any]:
        """As DescribeServiceDeployments has it."""
        document = self.brief()
        del document["targetServiceRevisionArn"]
        test, production = self.weights
        document["targetServiceRevision"] = self._summary(self.target, test, production)
        sources = [self._summary(self.source, 100 - test, 100 - production)] if self.source else []
        state = self.broken if self.breaker["enable"] else "DISABLED"
        alarms = self.configuration.get("alarms", {})
        return {
            **document,
            "sourceServiceRevisions": sources,
            "deploymentConfiguration": self.configuration,
            "updatedAt": self.updated or self.created,
            "deploymentCircuitBreaker": {
                "status": state,
                "failureCount": self.target.failed,
                "threshold": self.threshold,
            },
            "alarms": {
                "status": "MONITORING" if alarms.get("enable") and self.status not in OVER else "DISABLED",
                "alarmNames": alarms.get("alarmNames", []),
            },
            **({"stoppedAt": self.stopped} if self.stopped else {}),
            **({"lifecycleStage": self.stage} if self.stage else {}),
            **({"rollback": self.rollback} if self.rollback else {}),
        }

    def _summary(self, deployment: Deployment, test: float, production: float) -> dict[str, Any]:
        weights = {"requestedTestTrafficWeight": test, "requestedProductionTrafficWeight": production}
        return {
            "arn": deployment.revision_arn,
            "requestedTaskCount": deployment.desired,
            "runningTaskCount": deployment.count("RUNNING"),
            "pendingTaskCount": deployment.count("PENDING"),
            **({} if self.strategy == "ROLLING" else weights),
        }


def listed(ecs: Ecs, request: dict[str, Any]) -> dict[str, Any]:
    """Newest first; one may be listed a while after it began."""
    service = ecs.services.get(f"{ecs.cluster(request)}/{request['service'].rpartition('/')[2]}")
    if service is None:
        raise Refused("ServiceNotFoundException", "Service not found.")
    after, before = (request.get("createdAt", {}).get(each) for each in ("after", "before"))
    found = [
        each.brief()
        for each in reversed(service.history)
        if each.created + ecs.knobs.lag <= ecs.now()
        and (after is None or each.created >= after)
        and (before is None or each.created <= before)
        and each.status in (request.get("status") or [each.status])
    ]
    return ecs.page("serviceDeployments", found, request, request.get("maxResults") or 20)


def find(ecs: Ecs, arn: str) -> ServiceDeployment | None:
    return next((each for service in ecs.services.values() for each in service.history if each.arn == arn), None)


def describe(ecs: Ecs, request: dict[str, Any]) -> dict[str, Any]:
    if len(request["serviceDeploymentArns"]) > 20:
        raise invalid("serviceDeploymentArns cannot have more than 20 elements.")
    found = {arn: find(ecs, arn) for arn in request["serviceDeploymentArns"]}
    return {
        "serviceDeployments": [each.document() for each in found.values() if each],
        "failures": [{"arn": arn, "reason": "MISSING"} for arn, each in found.items() if not each],
    }


def revisions(ecs: Ecs, request: dict[str, Any]) -> dict[str, Any]:
    """DescribeServiceRevisions: what ECS itself resolved of each image."""
    known = {each.revision_arn: each for service in ecs.services.values() for each in service.revisions.values()}
    wanted = request["serviceRevisionArns"]
    return {
        "serviceRevisions": [_revision(ecs, known[arn]) for arn in wanted if arn in known],
        "failures": [{"arn": arn, "reason": "MISSING"} for arn in wanted if arn not in known],
    }


def _revision(ecs: Ecs, deployment: Deployment) -> dict[str, Any]:
    images = []
    for each in deployment.definition["containerDefinitions"]:
        choice = ecs.knobs.resolved
        found = {"index": ecs.resolved(each["image"]), "missing": ""}.get(choice, choice)
        digests = {"imageDigest": found} if found else {}
        images.append({"containerName": each["name"], "image": each["image"], **digests})
    return {
        "serviceRevisionArn": deployment.revision_arn,
        "serviceArn": deployment.service.arn,
        "clusterArn": f"{ecs.arn('cluster')}/{deployment.service.cluster}",
        "taskDefinition": deployment.definition["taskDefinitionArn"],
        "launchType": "FARGATE",
        "platformVersion": "1.4.0",
        "platformFamily": "Linux",
        "networkConfiguration": deployment.service.settings.get("networkConfiguration", {}),
        "containerImages": images,
        "guardDutyEnabled": False,
        "createdAt": deployment.created,
    }


OPERATIONS: dict[str, Operation] = {
    "ListServiceDeployments": listed,
    "DescribeServiceDeployments": describe,
    "DescribeServiceRevisions": revisions,
}
