"""A rollout taken back. The traffic comes first: whatever else fails, who served before serves again."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from google.api_core import exceptions
from google.cloud import run_v2

from ...errors import DeployFailed, DockyardError, Locked
from ...say import say
from . import pools, traffic, waiting
from .calls import TIMEOUT, WRITE
from .faults import told

if TYPE_CHECKING:
    from .arrival import Arrival
    from .service import Fleet


def undo(fleet: Fleet, arrival: Arrival) -> None:
    """Give traffic, tags and workers back as they were. The revision stays: Cloud Run keeps the last one.

    A service that the rollout has created is deleted again. Raises DeployFailed for what could not be given back.
    """
    if not arrival.touched:
        return
    fleet.forget()
    taken = ""
    try:
        with told():
            if arrival.created:
                delete(fleet, arrival)
            else:
                taken = give_back(fleet, arrival)
    except Locked:
        raise
    except DockyardError as error:
        raise DeployFailed(
            f"{arrival.revision} could NOT be undone; {remains(fleet, arrival)}: {error.message}"
        ) from error
    pools.undo(fleet, arrival)
    if taken:
        raise DeployFailed(f"The traffic was moved meanwhile by {taken}, and stays so: {remains(fleet, arrival)}.")


def give_back(fleet: Fleet, arrival: Arrival) -> str:
    """Have the traffic as it was, and who may call the service; who else has moved it meanwhile, which stays so."""
    taken: list[str] = []

    def edit(service: run_v2.Service) -> None:
        service.invoker_iam_disabled = arrival.public
        own = [each for each in service.traffic if each.revision == arrival.revision]
        taken[:] = [service.last_modifier or "somebody"] if arrival.given and not any(o.percent for o in own) else []
        if taken:
            service.traffic = [each for each in service.traffic if each not in own or each.tag != arrival.tag]
        elif arrival.home:
            service.traffic = traffic.targets(arrival.home)

    fleet.change(edit)
    if arrival.home and not taken:
        waiting.settled(fleet, arrival.home)
    return "".join(taken)


def delete(fleet: Fleet, arrival: Arrival) -> None:
    """Delete a service that has never served anybody well, and wait until it is gone: its name is free again then."""
    known = fleet.known or fleet.read()
    if known is None:
        return
    say(f"Deleting {fleet.environment.service}, which this release has created.")
    for pause in waiting.pauses(fleet.environment.deploy_timeout):
        now = fleet.read()
        if now is None:
            fleet.forget()
            return
        if fleet.guard:
            fleet.guard.conflict(now, now, whole=False)
        if now.template.revision != arrival.revision:
            raise DockyardError(f"it was changed meanwhile by {now.last_modifier or 'somebody'}, and is not deleted.")
        if not now.delete_time:
            asked = run_v2.DeleteServiceRequest(name=now.name, etag=now.etag)
            try:
                fleet.clients.services.delete_service(request=asked, retry=WRITE, timeout=TIMEOUT)
            except (exceptions.NotFound, exceptions.Conflict):
                continue
        time.sleep(pause)
    raise DeployFailed(f"{fleet.environment.service} is still being deleted")


def remains(fleet: Fleet, arrival: Arrival) -> str:
    """Who has the traffic instead, and how it is given back by hand."""
    env = fleet.environment.name
    most = max(arrival.home, key=lambda each: each.percent, default=None)
    by_hand = f"inv status --env={env} shows it"
    if most:
        by_hand = f"inv traffic.migrate --env={env} --to={most.revision} gives it back"
    try:
        with told():
            service = fleet.read()
    except DockyardError:
        return f"who has the traffic cannot be told ({by_hand})"
    have = [each.revision for each in traffic.now(service) if each.percent] if service is not None else []
    return f"{' and '.join(have) or 'nobody'} has the traffic ({by_hand})"
