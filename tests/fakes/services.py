"""A service and its deployments: counts, events, and the tasks that it keeps up."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .knobs import HOWS, Broken
from .tasks import Task
from .world import Ecs, identity, number

if TYPE_CHECKING:
    from .deployments import ServiceDeployment


@dataclass
class Deployment:
    """One of a service's own deployments: PRIMARY, or ACTIVE as long as it has tasks."""

    service: Service
    definition: dict[str, Any]
    created: float
    id: str = field(default_factory=lambda: f"ecs-svc/{number()}")
    revision: str = field(default_factory=number)
    status: str = "PRIMARY"
    desired: int = 0
    failed: int = 0
    state: str = "IN_PROGRESS"
    reason: str = ""
    updated: float = 0.0

    @property
    def tasks(self) -> list[Task]:
        """Those that ECS wants of it."""
        return [each for each in self.service.ecs.tasks.values() if each.started_by == self.id and each.live]

    def count(self, status: str) -> int:
        return sum(each.status == status for each in self.tasks)

    @property
    def revision_arn(self) -> str:
        return f"{self.service.ecs.arn('service-revision')}/{self.service.path}/{self.revision}"

    def document(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "status": self.status,
            "taskDefinition": self.definition["taskDefinitionArn"],
            "desiredCount": self.desired,
            "pendingCount": self.count("PENDING"),
            "runningCount": self.count("RUNNING"),
            "failedTasks": self.failed,
            "createdAt": self.created,
            "updatedAt": self.updated or self.created,
            "launchType": "FARGATE",
            "platformVersion": "1.4.0",
            "networkConfiguration": self.service.settings.get("networkConfiguration", {}),
            **({"rolloutState": self.state, "rolloutStateReason": self.reason} if self.service.rolls else {}),
        }


@dataclass
class Service:
    """What CreateService made; `settings` are the request's fields that replies repeat."""

    ecs: Ecs
    cluster: str
    name: str
    settings: dict[str, Any]
    desired: int
    created: float
    status: str = "ACTIVE"
    deployments: list[Deployment] = field(default_factory=list)
    history: list[ServiceDeployment] = field(default_factory=list)
    revisions: dict[str, Deployment] = field(default_factory=dict)
    events: list[tuple[float, str, str]] = field(default_factory=list)

    @property
    def path(self) -> str:
        return f"{self.cluster}/{self.name}"

    @property
    def arn(self) -> str:
        return f"{self.ecs.arn('service')}/{self.path}"

    @property
    def primary(self) -> Deployment:
        return self.deployments[0]

    @property
    def controller(self) -> str:
        return str(self.settings.get("deploymentController", {}).get("type", "ECS"))

    @property
    def rolls(self) -> bool:
        """Whether ECS itself deploys it."""
        return self.controller == "ECS"

    @property
    def configuration(self) -> dict[str, Any]:
        return dict(self.settings["deploymentConfiguration"])

    def say(self, when: float, message: str) -> None:
        """An event, as ECS words it."""
        self.events.insert(0, (when, identity(), f"(service {self.name}) {message}"))

    def launch(self, deployment: Deployment, when: float) -> list[Task]:
        """Start the tasks that the deployment lacks."""
        tasks = []
        for _ in range(deployment.desired - len(deployment.tasks)):
            network = self.settings.get("networkConfiguration", {})
            task = Task(
                self.ecs, self.cluster, deployment.definition, f"service:{self.name}", when, deployment.id, network
            )
            self.ecs.tasks[task.id] = task
            tasks.append(task)
        if tasks:
            self.say(when, f"has started {len(tasks)} tasks: {_named(tasks)}.")
        return tasks

    def up(self, tasks: list[Task], when: float) -> None:
        """Tasks get RUNNING, write their first lines, and are registered with the load balancer."""
        for task in (each for each in tasks if each.live):
            task.run(when)
            task.log(task.definition["containerDefinitions"][0]["name"], when, self.ecs.knobs.startup)
        for each in self.settings.get("loadBalancers", []) if tasks else []:
            self.say(when, f"registered {len(tasks)} targets in (target-group {each['targetGroupArn']})")

    def drain(self, deployment: Deployment, when: float, keep: int = 0) -> None:
        """Stop what the deployment has above `keep` tasks."""
        tasks = deployment.tasks[keep:]
        running = [each for each in tasks if each.status == "RUNNING"]
        reason = f"Scaling activity initiated by (deployment {self.primary.id})"
        for task in tasks:
            task.stop(when, reason, "ServiceSchedulerInitiated")
        if tasks[len(running) :]:
            self.say(when, f"stopped {len(tasks) - len(running)} pending tasks.")
        if running:
            self.say(when, f"has stopped {len(running)} running tasks: {_named(running)}.")

    def fail(self, task: Task, rule: Broken, when: float) -> None:
        """The task ends as the rule says."""
        how = HOWS[rule.how]
        code = how["exit"] if rule.exit_code is None else rule.exit_code
        names = rule.containers(task.definition) or [task.definition["containerDefinitions"][0]["name"]]
        image = next(each["image"] for each in task.definition["containerDefinitions"] if each["name"] == names[0])
        reason = (rule.reason or how.get("reason", "")).format(image=image)
        task.log(names[0], when, rule.logs)
        if rule.how == "unhealthy":
            task.health = "UNHEALTHY"
            self.say(when, f"(task {task.id}) failed container health checks.")
        task.stop(when, how["stopped"].format(image=image), how["code"], dict.fromkeys(names, (code, reason)))

    def replace(self, task: Task, when: float) -> None:
        """Start another one for a task that ended."""
        for deployment in self.deployments:
            if deployment.id == task.started_by and deployment.desired:
                started = self.launch(deployment, when)
                self.later(started, when)

    def later(self, tasks: list[Task], when: float) -> None:
        """Tasks get RUNNING in half of a rollout's time."""
        self.ecs.agenda.at(when + self.ecs.knobs.rollout / 2, lambda then: self.up(tasks, then))

    def scale(self, desired: int, when: float) -> None:
        """Another number of tasks, by the newest deployment."""
        self.desired = self.primary.desired = desired
        if len(self.primary.tasks) > desired:
            self.drain(self.primary, when, desired)
        started = self.launch(self.primary, when)
        self.later(started, when)
        self.ecs.agenda.at(
            when + self.ecs.knobs.rollout / 2, lambda then: self.say(then, "has reached a steady state.")
        )

    def document(self) -> dict[str, Any]:
        """As DescribeServices has it."""
        fallbacks = {"schedulingStrategy": "REPLICA", "loadBalancers": [], "serviceRegistries": []}
        shown = self.deployments if self.rolls or self.controller == "CODE_DEPLOY" else []
        current = self.history[-2 if self.ecs.knobs.stale and len(self.history) > 1 else -1] if self.history else None
        return {
            **fallbacks,
            **self.settings,
            "serviceArn": self.arn,
            "serviceName": self.name,
            "clusterArn": f"{self.ecs.arn('cluster')}/{self.cluster}",
            "status": self.status,
            "desiredCount": self.desired,
            "runningCount": sum(each.count("RUNNING") for each in self.deployments),
            "pendingCount": sum(each.count("PENDING") for each in self.deployments),
            "taskDefinition": self.primary.definition["taskDefinitionArn"],
            "deployments": [each.document() for each in shown],
            "events": [{"createdAt": at, "id": name, "message": text} for at, name, text in self.events[:100]],
            "createdAt": self.created,
            "createdBy": f"arn:aws:iam::{self.ecs.knobs.account}:user/founder",
            **({"currentServiceDeployment": current.arn} if current else {}),
            "currentServiceRevisions": [
                {
                    "arn": each.revision_arn,
                    "requestedTaskCount": each.desired,
                    "runningTaskCount": each.count("RUNNING"),
                    "pendingTaskCount": each.count("PENDING"),
                }
                for each in shown
            ],
        }


def _named(tasks: list[Task]) -> str:
    return " ".join(f"(task {each.id})" for each in tasks)
