"""Revisions that come up beside what serves: a new one, or a kept one again."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from docker.errors import APIError

from ...errors import DockyardError
from ...say import say
from ...signals import uninterrupted
from .. import Plan, Revision, Rollout, Traffic
from . import absent, edge_image, engine, images, ledger, names, network, planning, routing
from .inventory import Inventory
from .service import Service


def apply(service: Service, plan: Plan) -> Rollout:
    """Bring a new revision up at 0 %. On any failure or interruption all that was made is removed again.

    An edge that is there stays as it is, its port too: see `shift`.
    """
    environ = service.fleet.environ()
    found = begun(service)
    images.pull(service.client, plan.release, service.client.address)
    service.fence()
    had_network = network.exists(service.client, service.name)
    revision = ""
    try:
        edge_image.ensure(service.client, service.environment)
        subnet = network.ensure(service.client, service.name)
        entries = service.fleet.entries(found, plan.release, subnet)
        revision = entries[0].revision
        say(f"Starting {revision}: {', '.join(planning.counted(entries))}.")
        with ThreadPoolExecutor(1) as beside:
            edge = beside.submit(service.edge.awake, found)
            service.fleet.launch(entries, environ)
            before = routing.traffic(edge.result())
        service.client.api.create_volume(names.record(revision), labels=ledger.record(entries[0]))
    except BaseException:
        if not engine.back(service.client):
            raise
        with uninterrupted():
            if revision:
                service.fleet.remove_revision(revision)
            service.fence()  # the edge and the network may be another's by now
            if not found.edge and not found.instances():
                service.edge.remove()
            if not had_network:
                with suppress(APIError):
                    service.client.api.remove_network(names.network(service.name))
        raise
    return Rollout(revision, plan.release, before)


def restore(service: Service, revision: Revision) -> Rollout:
    """Bring a kept revision up again at 0 %, without a pull. Raises DockyardError where its containers are gone."""
    found = begun(service)
    boxes = found.instances(revision.name)
    if not any(box.process == names.WEB for box in boxes):
        raise DockyardError(
            f"The containers of {revision.name} are gone; deploy its image anew: "
            f"inv rollback --env={service.environment.name} --digest={revision.release.digest}"
        )
    before = routing.traffic(service.edge.awake(found))
    asleep = [box for box in boxes if not box.running]
    if asleep:
        say(f"Starting {revision.name} again.")
    try:
        service.fleet.start(asleep)
        if any(each.percent == 100 and each.revision == revision.name for each in before):
            found = service.inventory()
            service.edge_now(found, before, service.edge.front.published).ensure(found)  # no shift will move it
    except BaseException:
        with uninterrupted():
            service.fleet.stop(box for box in service.boxes(revision.name) if box.id in {each.id for each in asleep})
        raise
    return Rollout(revision.name, revision.release, before, created=False)


def begun(service: Service) -> Inventory:
    """What there is when a rollout begins. Raises DockyardError where the port that the edge would move to is taken."""
    found = service.inventory()
    service.front_before = found.edge.front if found.edge else ""
    for each in absent.port(service.client, service.environment, found) if found.edge else ():
        raise DockyardError(f"{each.what[:1].upper()}{each.what[1:]}: {each.mend}.")
    return found


def shift(service: Service, traffic: Sequence[Traffic]) -> tuple[Traffic, ...]:
    """Give the traffic. A revision that gets all of it brings the settings' port along: only then the edge moves.

    A share, or a traffic tag, leaves the edge where its visitors know it.
    """
    look = service.look()
    before, after = ({each.revision for each in shares if each.percent == 100} for shares in (look.traffic, traffic))
    published = service.edge.front.published if after - before else ""
    return service.shift(service.edge_now(look.inventory, traffic, published), traffic)
