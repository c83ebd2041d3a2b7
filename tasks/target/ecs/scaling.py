"""More or fewer tasks of what serves, unless autoscaling decides about that."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ...errors import DeployFailed, DockyardError
from ...say import say
from ...signals import uninterrupted
from . import faults
from .running import short
from .service import Service

DIMENSION = "ecs:service:DesiredCount"
POLL = 1.0  # seconds
EVENTS = 3  # that a failure tells


@dataclass(frozen=True)
class Owner:
    """A scalable target of Application Auto Scaling, which keeps a service's count within these bounds."""

    resource: str
    least: int
    most: int

    def refusal(self) -> DockyardError:
        """What to say to whoever asks for a number of his own."""
        return DockyardError(
            f"Application Auto Scaling owns the number of tasks of {self.resource}, {self.least} to {self.most}: "
            "change its bounds with aws application-autoscaling register-scalable-target --service-namespace ecs "
            f"--scalable-dimension {DIMENSION} --resource-id {self.resource} --min-capacity N --max-capacity N."
        )


def owner(service: Service) -> Owner | None:
    """Who owns a service's count, None for nobody. Raises DockyardError, and lets botocore's errors through."""
    resource = f"service/{short(service.cluster) or 'default'}/{short(service.name)}"
    reply = service.clients.autoscaling.describe_scalable_targets(
        ServiceNamespace="ecs", ResourceIds=[resource], ScalableDimension=DIMENSION
    )
    for each in reply["ScalableTargets"]:
        return Owner(resource, int(each["MinCapacity"]), int(each["MaxCapacity"]))
    return None


def refuse_owned(service: Service) -> None:
    """Raise DockyardError where autoscaling owns the count. Whoever may not ask is told, and goes on."""
    try:
        with faults.told():
            owns = owner(service)
    except DockyardError as error:
        if error.__cause__ is None or not faults.denied(error.__cause__):
            raise
        say(
            f"Whether autoscaling owns the number of tasks is not known, and if so it changes it again. {error.message}"
        )
        return
    if owns:
        raise owns.refusal()


def scale(service: Service, replicas: int, timeout: float, fence: Callable[[], None]) -> None:
    """Set a service's count and return once so many tasks run; back to the count before where they do not.

    `timeout` in seconds; `fence` is called before each change. Raises DockyardError, DeployFailed.
    """
    refuse_owned(service)
    seen = service.entry()
    if seen.get("schedulingStrategy") == "DAEMON":
        raise DockyardError(
            f"{service.name} is a DAEMON service, one task on each instance: ECS lets nobody set a number."
        )
    before = int(seen["desiredCount"])
    if settled(seen, replicas):
        return
    if before == replicas:
        wait(service, replicas, timeout)
        return
    fence()
    try:
        with faults.told(DeployFailed):  # whatever the answer, AWS may have done it
            service.update(desiredCount=replicas)
        wait(service, replicas, timeout)
    except Overruled:
        raise
    except BaseException as error:
        with uninterrupted():
            go_back(service, before, fence, error)
        raise


class Overruled(DeployFailed):
    """Somebody else set the number meanwhile, and his holds."""


def go_back(service: Service, before: int, fence: Callable[[], None], error: BaseException) -> None:
    """Set the count as it was before an error. Raises Locked, or DeployFailed where AWS does not take it."""
    fence()
    try:
        with faults.told():
            service.update(desiredCount=before)
    except DockyardError as second:
        said = f"{str(error).rstrip()}\n" if isinstance(error, DockyardError) else ""
        raise DeployFailed(
            f"{said}The number could not be set back: {second.message} Set it with aws ecs update-service "
            f"--cluster {service.cluster} --service {service.name} --desired-count {before}."
        ) from None


def wait(service: Service, replicas: int, timeout: float) -> None:
    """Return once so many tasks run, no more and no fewer. Raises DeployFailed."""
    began, deadline = time.time(), time.monotonic() + timeout
    with faults.told(DeployFailed):
        while not settled(seen := service.entry(), replicas):
            now = int(seen["desiredCount"])
            if now != replicas:
                raise Overruled(f"Somebody else set the number of tasks of {service.name} to {now} meanwhile.")
            if time.monotonic() >= deadline:
                raise DeployFailed(unsettled(seen, replicas, timeout, began))
            time.sleep(POLL)


def settled(seen: Mapping[str, Any], replicas: int) -> bool:
    """Whether so many tasks are wanted, and run."""
    return bool(seen["desiredCount"] == seen["runningCount"] == replicas and not seen["pendingCount"])


def unsettled(seen: Mapping[str, Any], replicas: int, timeout: float, began: float) -> str:
    """Why there are not so many, as far as ECS says: what runs, and its events since."""
    said = [f"  {each['message']}" for each in seen.get("events", ()) if each["createdAt"].timestamp() >= began - 1]
    return "\n".join(
        [
            f"{seen['serviceName']} has {seen['runningCount']} of {replicas} tasks running and {seen['pendingCount']} "
            f"pending after {timeout:g} s (DEPLOY_TIMEOUT).",
            *reversed(said[:EVENTS]),
        ]
    )
