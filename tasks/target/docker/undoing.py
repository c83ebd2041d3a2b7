"""A rollout taken back. The traffic comes first: whatever else fails, who served before serves again."""

from __future__ import annotations

from contextlib import suppress

from docker.errors import DockerException

from ...errors import DeployFailed, DockyardError
from .. import Rollout
from . import engine, faults, leaving, names
from .inventory import Inventory
from .service import Service, give

FAULTS = (DockyardError, DockerException, OSError)  # requests' own exceptions are OSErrors


def undo(service: Service, rollout: Rollout) -> None:
    """Give the traffic back as it was, at the port where it was, and stop the revision.

    Its containers stay, for a look, until the next `retire`. Raises DeployFailed where the traffic, or the port,
    could not be given back.
    """
    if not rollout.before:
        service.fleet.stop(service.boxes(rollout.revision))
        service.edge.remove()
        return
    try:
        found = give_back(service, rollout)
    except FAULTS as error:
        raise DeployFailed(
            f"{rollout.revision} could NOT be undone; {remains(service, rollout)}: {said(error)}"
        ) from error
    wake(service, found, rollout)
    away = go_home(service, rollout)
    if rollout.revision not in {each.revision for each in rollout.before}:
        away = stop(service, rollout) or away
    if away:
        raise DeployFailed(away)


def within_reach(service: Service, rollout: Rollout) -> None:
    """Wait for an engine that is being restarted. Raises DeployFailed where it stays away."""
    if not engine.back(service.client):
        raise DeployFailed(
            f"{rollout.revision} could NOT be undone, as the engine stayed away for {engine.BACK:g} s more. Once it "
            f"runs, inv status --env={service.environment.name} shows what serves, and the same command goes on."
        )


def give_back(service: Service, rollout: Rollout) -> Inventory:
    """Let the edge, wherever it is by now, share the requests out as before. Raises DockyardError."""
    found = service.inventory()
    edge = service.edge_now(found, rollout.before)
    now = edge.awake(found)
    boxes = {each.revision: found.instances(each.revision, names.WEB) for each in rollout.before}
    served = [each.revision for each in rollout.before if each.percent]
    if served and not any(boxes[revision] for revision in served):
        raise DockyardError(f"the containers of {', '.join(served)} are gone.")
    give(edge, now, [box for each in boxes.values() for box in each], rollout.before)
    return found


def wake(service: Service, found: Inventory, rollout: Rollout) -> None:
    """Start what sleeps of those that served before; nobody waits for it."""
    asleep = [box for each in rollout.before for box in found.instances(each.revision) if not box.up]
    with suppress(*FAULTS):
        service.fleet.wake(asleep)


def stop(service: Service, rollout: Rollout) -> str:
    """Drain and stop the revision; "" or the sentence that says why it still runs."""
    try:
        look = service.look()
        leaving.stop(service, service.edge_now(look.inventory, rollout.before), look, rollout.revision)
    except FAULTS as error:
        return f"{rollout.revision} was undone and has no traffic, but could not be stopped: {said(error)}"
    return ""


def go_home(service: Service, rollout: Rollout) -> str:
    """Have the edge at the port and with the timeout of before; "" or the sentence that says why it is not."""
    try:
        found = service.inventory()
        service.edge_now(found, rollout.before, service.front_before).ensure(found)
    except FAULTS as error:
        return f"{rollout.revision} was undone, but the edge did not get back to {service.front_before}: {said(error)}"
    return ""


def remains(service: Service, rollout: Rollout) -> str:
    """Who has the traffic instead, and how it is given back by hand."""
    before = max(rollout.before, key=lambda each: each.percent).revision
    by_hand = f"inv traffic.migrate --env={service.environment.name} --to={before} gives it back"
    try:
        have = [each.revision for each in service.look().traffic if each.percent]
    except FAULTS:
        return f"who has the traffic cannot be told ({by_hand})"
    return f"{' and '.join(have) or 'nobody'} has the traffic ({by_hand})"


def said(error: Exception) -> str:
    """What went wrong, as a sentence."""
    return str(error.message) if isinstance(error, DockyardError) else faults.sentence(faults.explanation(error))
