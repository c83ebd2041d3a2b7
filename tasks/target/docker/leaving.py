"""Revisions that go, when they no longer serve."""

from __future__ import annotations

from collections.abc import Collection

from ...say import say
from .. import Rollout
from . import names
from .edge import Edge
from .service import Look, Service

KEEP = 5  # verified revisions whose containers stay, stopped, so that a rollback needs no pull


def retire(service: Service, rollout: Rollout, only: Collection[str] = ()) -> None:
    """Drain and stop every revision without traffic or tag, then remove those that no rollback will want."""
    look = service.look()
    edge = service.edge_now(look.inventory, look.traffic)
    stay = {rollout.revision, *(each.revision for each in look.traffic)}
    stay |= look.inventory.revisions.difference(only) if only else set()
    going = [box for box in look.inventory.instances() if box.revision not in stay]
    service.drain(edge, look, {each.name for each in look.routing.servers if each.revision not in stay})
    for each in look.edge.served:
        if each.revision not in stay:
            say(f"{each.revision} is stopped after {each.requests:,} requests, of which {each.errors:,} failed.")
    service.fleet.stop(going)
    kept = [each.name for each in look.history if each.verified and each.startable and each.name not in stay][:KEEP]
    service.fleet.remove(box for box in going if box.revision not in kept)


def left(look: Look) -> tuple[str, ...]:
    """Revisions before the serving one that run without traffic or tag: a release was killed before it stopped them.

    A later one is there by `--no-traffic`.
    """
    if look.serving is None:
        return ()
    stay, serving = {each.revision for each in look.traffic}, names.number(look.inventory.service, look.serving.name)
    awake = {box.revision for box in look.inventory.instances() if box.up and box.revision not in stay}
    return tuple(sorted(each for each in awake if names.number(look.inventory.service, each) < serving))


def stop(service: Service, edge: Edge, look: Look, revision: str) -> None:
    """Drain and stop one revision."""
    service.drain(edge, look, {each.name for each in look.routing.servers if each.revision == revision})
    service.fleet.stop(look.inventory.instances(revision))
