"""Revisions that come up beside what serves: a new one, or a kept one again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from docker.errors import APIError

from ...errors import DockyardError
from .. import Plan, Revision, Rollout
from . import edge_image, images, ledger, names, network, planning, routing
from .say import say
from .service import Service


def apply(service: Service, plan: Plan) -> Rollout:
    """Bring a new revision up at 0 %. On any failure or interruption all that was made is removed again."""
    environ = service.fleet.environ()
    images.pull(service.client, plan.release, service.client.address)
    found = service.inventory()
    had_network = network.exists(service.client, service.name)
    revision = ""
    try:
        edge_image.ensure(service.client, service.environment)
        subnet = network.ensure(service.client, service.name)
        entries = service.fleet.entries(found, plan.release, subnet)
        revision = entries[0].revision
        say(f"Starting {revision}: {', '.join(planning.counted(entries))}.")
        with ThreadPoolExecutor(1) as beside:
            edge = beside.submit(service.edge.ensure, found)
            service.fleet.launch(entries, environ)
            before = routing.traffic(edge.result())
        service.client.api.create_volume(names.record(revision), labels=ledger.record(entries[0]))
    except BaseException:
        if revision:
            service.fleet.remove_revision(revision)
        if not found.edge and not found.instances():
            service.edge.remove()
        if not had_network:
            with suppress(APIError):
                service.client.api.remove_network(names.network(service.name))
        raise
    return Rollout(revision, plan.release, before)


def restore(service: Service, revision: Revision) -> Rollout:
    """Bring a kept revision up again at 0 %, without a pull. Raises DockyardError where its containers are gone."""
    found = service.inventory()
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
    except BaseException:
        service.fleet.stop(box for box in service.boxes(revision.name) if box.id in {each.id for each in asleep})
        raise
    return Rollout(revision.name, revision.release, before, created=False)
