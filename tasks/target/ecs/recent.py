"""What happened to a service and its workers lately: deployments, tasks that stopped and why, the last events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from ...say import say
from .. import Deployment, Event, Instance, Recent
from ..words import iso
from . import attest, faults
from .running import short, tasks
from .service import Entry, described
from .stopping import stop_reason

if TYPE_CHECKING:
    from ...environment.settings import Environment

SHOWN = 10  # events and stopped tasks of a service
OLDER = 5  # deployments beside those that a service has now
Got = TypeVar("Got")
NEVER = datetime.min.replace(tzinfo=UTC)


def recent(ecs: Any, environment: Environment, services: Mapping[str, str], owners: Mapping[str, str]) -> Recent:
    """The newest first, at most ten events and tasks of each process. `services` and `owners` are as in `running`."""
    names = list(services.values())
    with ThreadPoolExecutor(1 + 2 * len(names)) as side_by_side:
        known = side_by_side.submit(described, ecs, environment.cluster, names)
        listed = [side_by_side.submit(allowed, rollouts, ecs, environment.cluster, name) for name in names]
        gone = [side_by_side.submit(tasks, ecs, environment.cluster, name, stopped=True) for name in names]
        briefs = [each for one in listed for each in one.result() or ()]
        definitions = allowed(targets, ecs, briefs) or {}
        ends = [(process, task) for process, one in zip(services, gone, strict=True) for task in one.result()]
        entries = known.result()
    return Recent(
        deployments=deployments(entries, briefs, definitions),
        stopped=ended(ends, owners),
        events=events(entries),
    )


def allowed(ask: Callable[..., Got], *of: Any) -> Got | None:
    """What is answered; None, and said, where these credentials may not ask."""
    try:
        return ask(*of)
    except faults.ClientError as error:
        if not faults.denied(error):
            raise
        say(faults.sentence(error))
        return None


def rollouts(ecs: Any, cluster: str, service: str) -> list[Entry]:
    """The newest service deployments of a service; none where there is no such service."""
    try:
        reply = ecs.list_service_deployments(cluster=cluster, service=service, maxResults=SHOWN)
    except ecs.exceptions.ServiceNotFoundException:
        return []
    return list(reply.get("serviceDeployments") or ())


def targets(ecs: Any, briefs: Sequence[Entry]) -> dict[str, str]:
    """The task definition (`family:43`) of each service revision that a deployment was for, by ARN."""
    arns = sorted({each["targetServiceRevisionArn"] for each in briefs if each.get("targetServiceRevisionArn")})
    return {arn: short(str(each.get("taskDefinition") or "")) for arn, each in attest.described(ecs, arns).items()}


def deployments(
    entries: Sequence[Entry], briefs: Sequence[Entry], definitions: Mapping[str, str]
) -> tuple[Deployment, ...]:
    """Those that a service has now, with counts, and the service deployments before them."""
    left = sorted(briefs, key=created, reverse=True)
    shown = []
    for each in (each for entry in entries for each in entry.get("deployments") or ()):
        name = short(str(each.get("taskDefinition") or ""))
        own = next((one for one in left if definitions.get(one.get("targetServiceRevisionArn", "")) == name), None)
        if own is not None:
            left.remove(own)
        shown.append((created(each), Deployment(name, state(each, own or {}), counts(each, own or {}))))
    for each in left[:OLDER]:
        name = definitions.get(each.get("targetServiceRevisionArn", ""), "-")
        said, why = str(each.get("status") or ""), str(each.get("statusReason") or "")
        shown.append((created(each), Deployment(name, said, why)))
    shown.sort(key=lambda each: each[0], reverse=True)
    return tuple(replace(each, at="" if at is NEVER else iso(at)) for at, each in shown)


def created(found: Entry) -> datetime:
    """When a deployment began, or an event was."""
    at: datetime | None = found.get("createdAt") or found.get("startedAt")
    return at or NEVER


def state(deployment: Entry, own: Entry) -> str:
    """A live deployment's place and how far it is: `PRIMARY COMPLETED`. `own` is its service deployment."""
    words = (deployment.get("status"), deployment.get("rolloutState") or own.get("status"))
    return " ".join(str(each) for each in words if each)


def counts(deployment: Entry, own: Entry) -> str:
    """A live deployment's tasks, and ECS' reason for its state: `2 of 2 running, 1 failed; ECS deployment …`."""
    said = f"{deployment.get('runningCount', 0)} of {deployment.get('desiredCount', 0)} running"
    for key, word in (("pendingCount", "pending"), ("failedTasks", "failed")):
        said += f", {deployment[key]} {word}" if deployment.get(key) else ""
    reason = deployment.get("rolloutStateReason") or own.get("statusReason")
    return f"{said}; {reason}" if reason else said


def ended(found: Sequence[tuple[str, Entry]], owners: Mapping[str, str]) -> tuple[Instance, ...]:
    """Tasks that stopped, with the reason; the newest of each process, or a worker's would hide the service's own."""
    shown, counted = [], Counter[str]()
    for process, task in sorted(found, key=lambda each: stopped(each[1]), reverse=True):
        counted[process] += 1
        if counted[process] > SHOWN:
            continue
        name = short(str(task.get("taskDefinitionArn") or ""))
        detail = f"{iso(task.get('stoppedAt'))} {stop_reason(task)}".strip()
        state = str(task.get("lastStatus") or "STOPPED")
        shown.append(Instance(short(task["taskArn"]), owners.get(name, name), process, state, detail=detail))
    return tuple(shown)


def stopped(task: Entry) -> datetime:
    """When a task stopped, or began to."""
    at: datetime | None = task.get("stoppedAt") or task.get("stoppingAt")
    return at or NEVER


def events(entries: Sequence[Entry]) -> tuple[Event, ...]:
    """The newest events of each service, together."""
    found = [each for entry in entries for each in sorted(entry.get("events") or (), key=created, reverse=True)[:SHOWN]]
    found.sort(key=created, reverse=True)
    return tuple(Event(iso(each.get("createdAt")), str(each.get("message") or "")) for each in found)
