"""How many instances a service keeps, without a new revision.

Cloud Run scales by itself. `inv scale` sets the least number that it keeps for the service, as
`gcloud run services update --min=N` does: that is what is wanted before many users come, and it takes nothing away from
what Cloud Run adds. A service that somebody has set to manual scaling gets just that many, as with `--scaling=N`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from google.cloud import run_v2

from ...errors import DeployFailed, DockyardError
from ...say import say
from ...signals import uninterrupted
from . import running, waiting
from .faults import told

if TYPE_CHECKING:
    from .service import Fleet

MANUAL = run_v2.ServiceScaling.ScalingMode.MANUAL


def scale(fleet: Fleet, replicas: int, fence: Callable[[], None] = lambda: None) -> None:
    """Set how many instances the service keeps, and return once Cloud Run has taken it; else it is set back.

    What somebody else has set meanwhile stays. `fence` is called before each change. Raises DeployFailed, and
    DockyardError where the settings say otherwise.
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
            change(fleet, replicas)
            settled(fleet, replicas)
    except BaseException:
        with uninterrupted(), told(DeployFailed):
            fence()
            fleet.reread()  # the answer to the write may be lost
            change(fleet, before, only=replicas)
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


def change(fleet: Fleet, replicas: int, only: int | None = None) -> None:
    """Set the number, and nothing else; also not where it is another than `only` by now."""

    def edit(service: run_v2.Service) -> None:
        if only is not None and count(service) != only:
            return
        if service.scaling.scaling_mode == MANUAL:
            service.scaling.manual_instance_count = replicas
        else:
            service.scaling.min_instance_count = replicas

    fleet.change(edit)


def settled(fleet: Fleet, replicas: int) -> None:
    """Return once Cloud Run has it so. Raises DeployFailed where it has not within DEPLOY_TIMEOUT, or says no."""
    for service in waiting.looks(fleet, f"The number was not set to {replicas}"):
        if not running.reconciled(service):
            continue
        if count(service) != replicas:
            raise DeployFailed(f"Somebody else set the number to {count(service)} meanwhile.")
        if waiting.failed(service.terminal_condition):
            newest = running.short(service.latest_created_revision)
            raise DeployFailed(f"{newest} does not get its instances: {service.terminal_condition.message}")
        return
