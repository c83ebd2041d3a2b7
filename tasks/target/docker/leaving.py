"""Revisions that go: those that no longer serve, and one that never should have."""

from __future__ import annotations

from .. import Rollout
from . import spec
from .edge import Edge
from .front import parse
from .inventory import Inventory
from .service import Look, Service

KEEP = 5  # verified revisions whose containers stay, stopped, so that a rollback needs no pull


def retire(service: Service, rollout: Rollout) -> None:
    """Drain and stop every revision without traffic or tag, then remove those that no rollback will want."""
    look = service.look()
    stay = {rollout.revision, *(each.revision for each in look.traffic)}
    going = [box for box in look.inventory.instances() if box.revision not in stay]
    service.drain(look, {each.name for each in look.routing.servers if each.revision not in stay})
    service.fleet.stop(going)
    kept = [each.name for each in look.history if each.verified and each.startable and each.name not in stay][:KEEP]
    service.fleet.remove(box for box in going if box.revision not in kept)


def undo(service: Service, rollout: Rollout) -> None:
    """Give the traffic back as it was and stop the revision.

    Its containers stay, for a look, until the next `retire`.
    """
    look = service.look()
    if not rollout.before:
        service.fleet.stop(look.inventory.instances(rollout.revision))
        service.edge.remove()
        return
    service.shift(edge_before(service, look.inventory, rollout), rollout.before)
    if rollout.revision not in {each.revision for each in rollout.before}:
        look = service.look()
        stop(service, look, rollout.revision)


def stop(service: Service, look: Look, revision: str) -> None:
    """Drain and stop one revision."""
    service.drain(look, {each.name for each in look.routing.servers if each.revision == revision})
    service.fleet.stop(look.inventory.instances(revision))


def edge_before(service: Service, found: Inventory, rollout: Rollout) -> Edge:
    """The edge as the revision that served before wants it: its port, its timeout."""
    served = max(rollout.before, key=lambda each: each.percent).revision
    asked = next((spec.load(box.labels.get("dockyard.spec", "")) for box in found.instances(served)), {})
    if not rollout.created or "published port" not in asked:
        return service.edge
    edge = service.edge_at(parse(asked["published port"], float(asked["REQUEST_TIMEOUT"].rstrip("s"))))
    edge.ensure(found)
    return edge
