"""Why a deployment did not succeed: what ECS says, why its tasks stopped, and the last that they wrote."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ...errors import DeployFailed, DockyardError
from ...say import say
from . import faults, logs
from .definition import main
from .rolling import Rolling
from .running import Task, short, tasks
from .service import named, primary
from .stopping import culprits, stop_reason

EVENTS = 3  # that a failure tells
LAST_LINES = 20
ROUTINE = re.compile(r"has (started|stopped) \d+|has reached a steady state|deployment completed|has begun draining")


def refuse(rolling: Rolling, found: Mapping[str, Any]) -> None:
    """Raise DeployFailed for a service deployment that has ended otherwise than it should."""
    status = str(found.get("status") or "")
    wanted = "ROLLBACK_SUCCESSFUL" if rolling.halts else "SUCCESSFUL"
    if status != wanted:
        raise failure(rolling, ended(rolling, found))


def timed_out(rolling: Rolling, found: Mapping[str, Any], timeout: float) -> DeployFailed:
    """The failure of a deployment that does not come to an end: what it waits for."""
    with faults.told():
        rolling.looked()
    own = primary(rolling.known)
    counted = [f"{own.get('runningCount', 0)} of {own.get('desiredCount', 0)} tasks run"]
    for key, word in (("pendingCount", "pending"), ("failedTasks", "failed")):
        counted += [f"{own[key]} {word}"] if own.get(key) else []
    status = found.get("status") or own.get("rolloutState") or "not told"
    stage = f" in {found['lifecycleStage']}" if found.get("lifecycleStage") else ""
    return failure(
        rolling, f"is not up within DEPLOY_TIMEOUT={timeout:g} s: {', '.join(counted)}; ECS says {status}{stage}"
    )


def ended(rolling: Rolling, found: Mapping[str, Any]) -> str:
    """How a service deployment ended, for a sentence that begins with the task definition."""
    status = str(found.get("status") or "")
    reason = (found.get("rollback") or {}).get("reason") or found.get("statusReason") or "no reason was given"
    reason = str(reason).strip().rstrip(".")
    with faults.told():
        now = named(rolling.looked())
    if status == "ROLLBACK_SUCCESSFUL":
        return f"was rolled back by ECS{broken(found)}: {reason}"
    if status == "ROLLBACK_FAILED":
        return f"failed{broken(found)}, and ECS could not roll it back (ROLLBACK_FAILED): {reason}"
    if status == "SUCCESSFUL":
        return f"was rolled back to, but its deployment had succeeded already: {reason}"
    if now not in (rolling.goal.name, rolling.home):
        return f"was replaced by {now}, which somebody else deployed meanwhile: {reason}"
    stopped = "failed" if broken(found) else "was stopped by somebody, or by ECS"
    return f"{stopped}{broken(found)} ({status}): {reason}"


def broken(found: Mapping[str, Any]) -> str:
    """What the circuit breaker and the alarms have to do with it."""
    breaker, alarms = found.get("deploymentCircuitBreaker") or {}, found.get("alarms") or {}
    said = []
    if breaker.get("status") == "TRIGGERED":
        count, most = breaker.get("failureCount", "?"), breaker.get("threshold", "?")
        said.append(f"circuit breaker: {count} tasks failed, its threshold is {most}")
    if alarms.get("triggeredAlarmNames"):
        said.append(f"alarms: {', '.join(alarms['triggeredAlarmNames'])}")
    return f" ({'; '.join(said)})" if said else ""


def failure(rolling: Rolling, how: str) -> DeployFailed:
    """The failure with stop reasons, the last events, and the last lines of a task that failed."""
    gone = stopped(rolling)
    reasons = list(dict.fromkeys(stop_reason(each) for each in gone))
    lines = last(rolling, gone)
    every = [str(each.get("message", "")) for each in rolling.known.get("events") or ()]
    events = [each for each in every if not ROUTINE.search(each)][:EVENTS]
    reason = "; ".join([how, *(f"a task stopped: {each}" for each in reasons[:EVENTS])])
    said = [f"{rolling.goal.name} of {rolling.service.name} {reason}."]
    if events:
        said.append("The last events:\n" + "\n".join(f"  {each}" for each in reversed(events)))
    if lines:
        said.append("Its last lines:\n" + "\n".join(lines))
    text = " ".join(said[:1]) + "".join(f"\n{each}" for each in said[1:])
    document = {"failed": rolling.goal.name, "reason": reason, "log": lines, "events": events}
    return DeployFailed(text, document)


def stopped(rolling: Rolling) -> list[Task]:
    """The tasks of the new task definition that stopped lately, newest first; none where that cannot be read."""
    since = rolling.deployment.get("createdAt")
    found = of_goal(rolling, stopped=True)
    mine = [each for each in found if not (since and each.get("createdAt") and each["createdAt"] < since)]
    return sorted(mine, key=lambda each: str(each.get("stoppedAt") or each.get("stoppingAt") or ""), reverse=True)


def say_stopped(rolling: Rolling, task: Task) -> None:
    """Say why a task stopped, once."""
    name = short(str(task["taskArn"]))
    if name not in rolling.said:
        rolling.said.add(name)
        say(f"  {name} stopped: {stop_reason(task)}")


def last(rolling: Rolling, gone: Sequence[Task]) -> list[str]:
    """The last lines of a task that stopped, else of one that runs; none where they cannot be read."""
    service = rolling.service
    of = list(gone[:1]) or of_goal(rolling)[:1]
    if not of:
        return []
    named = [str(each.get("name")) for each in culprits(of[0])]
    container = next(iter(named), "") or main(rolling.goal, service.environment, worker=bool(service.command))
    return logs.last_lines(service.clients, rolling.goal, short(str(of[0]["taskArn"])), container, LAST_LINES)


def of_goal(rolling: Rolling, *, stopped: bool = False) -> list[Task]:
    """The tasks of the new task definition that ECS wants to run, or stopped; none where that cannot be read."""
    service = rolling.service
    try:
        with faults.told():
            found = tasks(service.clients.ecs, service.cluster, service.name, stopped=stopped)
    except DockyardError:
        return []
    return [each for each in found if short(str(each.get("taskDefinitionArn"))) == rolling.goal.name]
