"""How the fake is to behave: what a test turns before it looks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Predicate = Callable[[dict[str, Any]], bool]

HOWS: dict[str, dict[str, Any]] = {
    "crash": {"stopped": "Essential container in task exited", "code": "EssentialContainerExited", "exit": 1},
    "oom": {
        "stopped": "OutOfMemoryError: Container killed due to memory usage",
        "code": "EssentialContainerExited",
        "exit": 137,
        "reason": "OutOfMemoryError: Container killed due to memory usage",
    },
    "pull": {
        "stopped": "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve "
        "ref {image}: {image}: not found",
        "code": "TaskFailedToStart",
        "exit": None,
        "reason": "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve "
        "ref {image}: {image}: not found",
    },
    "unhealthy": {"stopped": "Task failed container health checks", "code": "ServiceSchedulerInitiated", "exit": 137},
    "stuck": {"stopped": "", "code": "", "exit": None},
}


@dataclass(frozen=True)
class Broken:
    """Task definitions that do not come up: those with `what` in an image or variable, or that `what` picks."""

    what: str | Predicate
    how: str = "crash"
    reason: str = ""
    exit_code: int | None = None
    logs: tuple[str, ...] = ()

    def matches(self, definition: dict[str, Any]) -> bool:
        if callable(self.what):
            return self.what(definition)
        return bool(self.containers(definition))

    def containers(self, definition: dict[str, Any]) -> list[str]:
        """The containers that it is about; all essential ones for a predicate."""
        each = definition["containerDefinitions"]
        if callable(self.what):
            return [one["name"] for one in each if one["essential"]][:1]
        return [
            one["name"]
            for one in each
            if self.what in one["image"] or any(self.what in variable["value"] for variable in one["environment"])
        ]


@dataclass(frozen=True)
class Output:
    """What a one-off task does: lines to its log, an exit code of each container, how long it takes."""

    lines: tuple[str, ...] = ()
    exit_code: int | None = 0
    seconds: float = 0.0
    starting: float = 0.0
    containers: dict[str, int] = field(default_factory=dict)
    stopped: str = ""
    stop_code: str = ""
    reason: str = ""


Runner = Callable[[dict[str, Any], list[str]], Output]  # of a task definition's main container, and the command


@dataclass
class Knobs:
    """All of them, with what they are unless turned."""

    account: str = "123456789012"
    region: str = "eu-north-1"
    ahead: float = 0.0  # seconds that have passed here and nowhere else
    rollout: float = 0.0  # seconds from UpdateService to the end of the deployment
    minute: float = 0.0  # seconds that a minute of a bake time takes here
    broken: list[Broken] = field(default_factory=list)
    digests: str = "index"  # what a task says that it runs: index, child, missing, or a digest
    resolved: str = "index"  # what a service revision says: index, missing, or a digest
    lag: float = 0.0  # seconds until ListServiceDeployments has a new one
    stale: bool = False  # currentServiceDeployment names the one before
    extra: dict[str, Any] = field(default_factory=dict)  # fields of a task definition that no client knows yet
    output: Output = field(default_factory=Output)
    runner: Runner | None = None  # runs the commands of one-off tasks for real
    breaks_shifting: bool = False  # the circuit breaker ends blue/green, canary and linear deployments too
    no_way_back: bool = False  # a rollback of ECS fails
    refused: str = ""  # why RunTask starts nothing
    startup: tuple[str, ...] = ("ready",)  # what a task of a service logs
    log_delay: float = 0.0  # seconds until an event can be read
    log_page: int = 10_000  # events on a page at most
    log_gaps: bool = False  # pages that are empty and yet not the last

    def fate(self, definition: dict[str, Any]) -> Broken | None:
        """The last rule that the definition breaks by."""
        return next((rule for rule in reversed(self.broken) if rule.matches(definition)), None)
