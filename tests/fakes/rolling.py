"""How a deployment goes on: rolls, fails for ever or until the circuit breaker, goes back, is stopped."""

from __future__ import annotations

from typing import Any

from .deployments import OVER, ServiceDeployment, find
from .errors import Refused
from .knobs import Broken
from .services import Deployment, Service
from .tasks import Task
from .world import Ecs, Operation

BREAKER = "ECS deployment circuit breaker: tasks failed to start."
PACE = 5.0  # seconds between the tries of a deployment that no breaker ends


def begin(service: Service, definition: dict[str, Any], when: float) -> ServiceDeployment:
    """A new PRIMARY deployment; one in progress is given up for it."""
    given_up = next((each.source for each in service.history[::-1] if each.status not in OVER), None)
    source = next((each for each in service.deployments if each.state == "COMPLETED"), given_up)
    for other in service.history:
        if other.status not in OVER:
            other.become("STOPPED", when, "Service deployment was replaced by a newer service deployment.")
    for each in service.deployments:
        each.status = "ACTIVE"
    target = Deployment(service, definition, when, desired=service.desired)
    target.reason = f"ECS deployment {target.id} in progress."
    service.deployments.insert(0, target)
    service.revisions[target.revision] = target
    going = ServiceDeployment(service, target, source, when, service.configuration)
    service.history.append(going)
    service.ecs.agenda.at(when, lambda then: _start(going, then))
    return going


def _start(going: ServiceDeployment, when: float) -> None:
    if going.status != "PENDING":
        return
    going.become("IN_PROGRESS", when)
    if going.strategy != "ROLLING":
        from . import shifting

        shifting.start(going, when)
    elif not attempt(going, when):
        half = going.service.ecs.knobs.rollout / 2
        tasks = going.service.launch(going.target, when)
        going.service.ecs.agenda.at(when + half, lambda then: _running(going, tasks, half, then))


def attempt(going: ServiceDeployment, when: float) -> Broken | None:
    """Start tasks of a definition that does not come up, if it is such a one, and let them fail."""
    service, ecs = going.service, going.service.ecs
    rule = ecs.fate(going.target.definition)
    if rule is None or not going.target.desired:
        return None
    tasks = service.launch(going.target, when)
    if rule.how == "stuck":
        if rule.reason:
            service.say(when, rule.reason)
        return rule
    tries = -(-going.threshold // going.target.desired)
    length = ecs.knobs.rollout / tries
    if going.target.failed >= going.threshold:
        length = max(length, PACE)
    if rule.how != "pull":
        ecs.agenda.at(when + length / 2, lambda then: service.up(tasks, then))
    ecs.agenda.at(when + length, lambda then: _failed(going, tasks, rule, then))
    return rule


def _failed(going: ServiceDeployment, tasks: list[Task], rule: Broken, when: float) -> None:
    for task in (each for each in tasks if each.live):
        going.service.fail(task, rule, when)
        going.target.failed += 1
    if going.status != "IN_PROGRESS":
        return
    if going.breaker["enable"] and going.target.failed >= going.threshold:
        going.broken, going.target.state, going.target.reason = "TRIGGERED", "FAILED", BREAKER
        going.service.say(when, f"(deployment {going.target.id}) deployment failed: tasks failed to start.")
        if going.breaker["rollback"] and going.source:
            reason = "Service deployment rolled back because the circuit breaker threshold was exceeded."
            back(going, when, reason)
        else:
            going.target.desired = 0
            going.become(
                "STOPPED", when, "Service deployment stopped because the circuit breaker threshold was exceeded."
            )
    else:
        if going.target.failed == going.threshold:
            going.service.say(
                when,
                "is unable to consistently start tasks successfully. For more information, see the "
                "Troubleshooting section of the Amazon ECS Developer Guide.",
            )
        attempt(going, when)


def _running(going: ServiceDeployment, tasks: list[Task], half: float, when: float) -> None:
    if going.status == "IN_PROGRESS":
        going.service.up(tasks, when)
        going.service.ecs.agenda.at(when + half / 2, lambda then: _drained(going, then))
        going.service.ecs.agenda.at(when + half, lambda then: finish(going, then))


def _drained(going: ServiceDeployment, when: float) -> None:
    if going.status == "IN_PROGRESS":
        for each in going.service.deployments[1:]:
            each.desired = 0
            going.service.drain(each, when)


def finish(going: ServiceDeployment, when: float) -> None:
    """The target is all there is."""
    if going.status == "IN_PROGRESS":
        _settle(going.service, going.target, when)
        going.become("SUCCESSFUL", when)


def _settle(service: Service, deployment: Deployment, when: float) -> None:
    for each in service.deployments:
        if each is not deployment:
            each.desired, each.status = 0, "INACTIVE"
            service.drain(each, when)
    service.deployments = [deployment]
    deployment.state, deployment.updated = "COMPLETED", when
    deployment.reason = f"ECS deployment {deployment.id} completed."
    service.say(when, f"(deployment {deployment.id}) deployment completed.")
    service.say(when, "has reached a steady state.")


def back(going: ServiceDeployment, when: float, reason: str) -> None:
    """To the revision that served before: its deployment is the PRIMARY again."""
    service, source, target = going.service, going.source, going.target
    assert source is not None
    if source not in service.deployments:
        service.deployments.append(source)
    service.deployments.sort(key=lambda each: each is not source)
    source.status, source.state, source.desired = "PRIMARY", "IN_PROGRESS", service.desired
    breaker = "circuit breaker: " if going.broken == "TRIGGERED" else ""
    source.reason = f"ECS deployment {breaker}rolling back to deploymentId {source.id}."
    target.status, target.desired = "ACTIVE", 0
    going.rollback = {"reason": reason, "startedAt": when, "serviceRevisionArn": source.revision_arn}
    going.weights = (0.0, 0.0)
    going.become("ROLLBACK_IN_PROGRESS", when, reason)
    service.say(when, f"rolling back to deployment {source.id}.")
    service.drain(target, when)
    tasks = service.launch(source, when)
    service.ecs.agenda.at(when + service.ecs.knobs.rollout / 2, lambda then: _back(going, tasks, then))


def _back(going: ServiceDeployment, tasks: list[Task], when: float) -> None:
    service, source = going.service, going.source
    if going.status != "ROLLBACK_IN_PROGRESS" or source is None:
        return
    rule = service.ecs.fate(source.definition) if tasks else None
    if rule or service.ecs.knobs.no_way_back:
        for task in tasks if rule and rule.how != "stuck" else []:
            service.fail(task, rule, when) if rule else None
        source.state = "FAILED"
        going.become("ROLLBACK_FAILED", when, "Service deployment rollback failed.")
        return
    service.up(tasks, when)
    _settle(service, source, when)
    going.become("ROLLBACK_SUCCESSFUL", when)


def stop(ecs: Ecs, request: dict[str, Any]) -> dict[str, Any]:
    """StopServiceDeployment: back to what served, or just no further."""
    going = find(ecs, request["serviceDeploymentArn"])
    if going is None:
        raise Refused("ServiceDeploymentNotFoundException", "Service deployment not found.")
    if going.status not in ("PENDING", "IN_PROGRESS"):
        raise Refused("ConflictException", f"Service deployment in status {going.status} cannot be stopped.")
    now = ecs.now()
    if request.get("stopType", "ROLLBACK") == "ROLLBACK":
        if going.source is None:
            raise Refused("ConflictException", "There is no service revision to roll back to.")
        going.become("ROLLBACK_REQUESTED", now)
        reason = "Service deployment was stopped by the user."
        ecs.agenda.at(now, lambda then: back(going, then, reason) if going.status == "ROLLBACK_REQUESTED" else None)
    else:
        going.become("STOP_REQUESTED", now)
        ecs.agenda.at(now, lambda then: _stopped(going, then))
    return {"serviceDeploymentArn": going.arn}


def _stopped(going: ServiceDeployment, when: float) -> None:
    if going.status == "STOP_REQUESTED":
        going.become("STOPPED", when, "Service deployment was stopped by the user.")


OPERATIONS: dict[str, Operation] = {"StopServiceDeployment": stop}
