"""How many instances a service keeps, without a new revision.

Cloud Run scales by itself. `inv scale` sets the least number that it keeps for the service, as
`gcloud run services update --min=N` does: that is what is wanted before many users come, and it takes nothing away from
what Cloud Run adds. A service that somebody has set to manual scaling gets just that many, as with `--scaling=N`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from google.api_core import exceptions
from google.cloud import run_v2

from ...errors import DeployFailed, DockyardError
from ...say import say
from ...signals import uninterrupted
from . import running
from .calls import TIMEOUT, WRITE, conflict
from .faults import told

if TYPE_CHECKING:
    from .service import Fleet

MANUAL = run_v2.ServiceScaling.ScalingMode.MANUAL
MASK = "scaling,annotations"
TRIES = 3  # writes that meet a conflict in a row
FIRST, POLL = 0.1, 1.0  # seconds between two looks


def scale(fleet: Fleet, replicas: int, fence: Callable[[], None] = lambda: None) -> None:
    """Set how many instances the service keeps, and return once Cloud Run has taken it; else it is set back.

    `fence` is called before each change. Raises DeployFailed, and DockyardError where the settings say otherwise.
    """
    service = fleet.look().service
    if service is None:
        raise DockyardError(f"There is no service {fleet.environment.service} to scale.")
    refuse(fleet, service, replicas)
    before = count(service)
    if before == replicas:
        return
    fence()
    try:
        with told(DeployFailed):
            settled(fleet, change(fleet, replicas))
    except BaseException:
        with uninterrupted(), told(DeployFailed):
            fence()
            change(fleet, before)
        raise
    if service.scaling.scaling_mode != MANUAL:
        say(
            f"Cloud Run adds more by itself; gcloud run services update {fleet.environment.service} --min=0 "
            f"--region={fleet.environment.region} --project={fleet.environment.project} lets it keep none again."
        )


def count(service: run_v2.Service) -> int:
    """How many instances the service is told to keep, whatever its revisions keep."""
    scaling = service.scaling
    return int(scaling.manual_instance_count if scaling.scaling_mode == MANUAL else scaling.min_instance_count)


def refuse(fleet: Fleet, service: run_v2.Service, replicas: int) -> None:
    """Raise DockyardError for fewer than the revision keeps anyway, or more than there may be."""
    if service.scaling.scaling_mode == MANUAL:
        return
    own = service.template.scaling
    name = fleet.environment.name
    if replicas < own.min_instance_count:
        raise DockyardError(
            f"--replicas={replicas} changes nothing: the revision itself keeps {own.min_instance_count}, of "
            f"MIN_INSTANCES; write MIN_INSTANCES={replicas} into env/{name}.env, and inv deploy --env={name}."
        )
    bounds = [each for each in (own.max_instance_count, service.scaling.max_instance_count) if each]
    if bounds and replicas > min(bounds):
        raise DockyardError(
            f"--replicas={replicas} is more than the {min(bounds)} instances that there may be; write "
            f"MAX_INSTANCES={replicas} into env/{name}.env, and inv deploy --env={name}."
        )


def change(fleet: Fleet, replicas: int) -> run_v2.Service:
    """Set the number, and nothing else; the service as it was sent. Raises Locked where somebody else holds it."""
    known = fleet.read()
    for _ in range(TRIES):
        if known is None:
            break
        wanted = run_v2.Service(name=known.name, etag=known.etag, scaling=known.scaling, annotations=known.annotations)
        if known.scaling.scaling_mode == MANUAL:
            wanted.scaling.manual_instance_count = replicas
        else:
            wanted.scaling.min_instance_count = replicas
        if fleet.guard:
            fleet.guard.carried(wanted)
        request = run_v2.UpdateServiceRequest({"service": wanted, "update_mask": MASK})
        try:
            fleet.clients.services.update_service(request=request, retry=WRITE, timeout=TIMEOUT)
        except exceptions.GoogleAPICallError as error:
            fresh = fleet.read() if conflict(error) else None
            if fresh is None or fresh.etag == known.etag:  # refused for another reason
                raise
            if fleet.guard:
                fleet.guard.conflict(known, fresh, whole=False)
            known = fresh
            continue
        if fleet.guard:
            fleet.guard.written(wanted)
        fleet.forget()
        return wanted
    raise DockyardError(f"{fleet.environment.service} is changed by others all the time: type the same again.")


def settled(fleet: Fleet, wanted: run_v2.Service) -> None:
    """Return once Cloud Run has it so. Raises DeployFailed where it has not within DEPLOY_TIMEOUT, or says no."""
    patience, pause = fleet.environment.deploy_timeout, FIRST
    deadline = time.monotonic() + patience
    while True:
        service = fleet.look().service
        if service is not None and not service.reconciling and service.observed_generation == service.generation:
            if count(service) != count(wanted):
                raise DeployFailed(f"Somebody else set the number to {count(service)} meanwhile.")
            state = service.terminal_condition
            newest = running.short(service.latest_created_revision)
            if state.state == run_v2.Condition.State.CONDITION_FAILED:
                raise DeployFailed(f"{newest} does not get its instances: {state.message}")
            return
        if time.monotonic() >= deadline:
            raise DeployFailed(f"Cloud Run has not brought it about within {patience:g} s (DEPLOY_TIMEOUT).")
        time.sleep(pause)
        pause = min(POLL, pause * 2)
