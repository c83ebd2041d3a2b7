"""One service on one engine: looking at it, and the steps that deploying, rolling back and scaling share."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from ...errors import DockyardError
from .. import Revision, Traffic
from . import engine, health, inventory, ledger, names, routing, spec
from .channel import Channel
from .edge import Edge
from .fleet import Fleet
from .front import Front, front, host_header, parse
from .inventory import Box, Inventory
from .lock import Lock
from .routing import Routing, Server
from .stat import Stat

if TYPE_CHECKING:
    from ...environment.settings import Environment


@dataclass(frozen=True)
class Look:
    """What one look showed."""

    inventory: Inventory
    edge: Stat

    @property
    def routing(self) -> Routing:
        """Who gets which requests."""
        return self.edge.routing

    @cached_property
    def traffic(self) -> tuple[Traffic, ...]:
        """The shares that the edge gives."""
        return routing.traffic(self.routing)

    @cached_property
    def history(self) -> list[Revision]:
        """Every revision known, newest first."""
        return ledger.history(self.inventory, self.traffic)

    @property
    def serving(self) -> Revision | None:
        """The revision with most traffic; without an edge to ask, the newest verified one that runs."""
        with_traffic = [each for each in self.history if each.percent]
        running = [each for each in self.history if each.verified and each.running]
        return max(with_traffic, key=lambda each: each.percent, default=next(iter(running), None))


class Service:
    """A service, its edge and its fleet."""

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.name = environment.service
        self.front_before = ""  # what the edge published when the rollout under way began

    @cached_property
    def client(self) -> engine.Engine:
        """The engine that DOCKER_CONTEXT names, else Docker's own choice."""
        return engine.connect(self.environment.docker_context)

    @cached_property
    def fleet(self) -> Fleet:
        """What changes the containers."""
        return Fleet(self.client, self.environment)

    @cached_property
    def lock(self) -> Lock:
        """The service's lock, and whether this process holds it."""
        return Lock(self.client, self.name, self.environment.name)

    def fence(self) -> None:
        """Go on only where nobody took the lock away that this process holds. Raises Locked."""
        self.lock.fence()

    @cached_property
    def channel(self) -> Channel:
        """The conversation with HAProxy."""
        return Channel(self.client, names.edge(self.name))

    @cached_property
    def edge(self) -> Edge:
        """The edge as the settings want it."""
        return self.edge_at(front(self.environment))

    def edge_at(self, where: Front) -> Edge:
        """The edge at another port or with another timeout."""
        return Edge(self.client, self.environment, where, self.channel)

    def edge_now(self, found: Inventory, traffic: Sequence[Traffic], published: str = "") -> Edge:
        """The edge where it is, or at `published`, with the timeout that the revision with most traffic asks for."""
        most = max(traffic, key=lambda each: each.percent, default=Traffic("", 0)).revision
        asked = next((spec.load(box.labels.get("dockyard.spec", "")) for box in found.instances(most)), {})
        timeout = float(asked.get("REQUEST_TIMEOUT", f"{self.environment.request_timeout:g}s").rstrip("s"))
        published = published or (found.edge.front if found.edge else self.front_before)
        return self.edge_at(parse(published or self.edge.front.published, timeout))

    def boxes(self, revision: str = "", process: str = "") -> list[Box]:
        """The containers of a revision, as they are now."""
        return self.inventory().instances(revision, process)

    def inventory(self) -> Inventory:
        """The service's containers and records, as they are now."""
        return inventory.read(self.client, self.name)

    def look(self) -> Look:
        """What the service has on the engine, and what its edge does."""
        found = self.inventory()
        return Look(found, self.edge.look(found))

    def visitor(self) -> dict[str, str]:
        """The headers that a request through the public address would have."""
        host, scheme = host_header(self.environment, engine.host(self.client))
        return {"Host": host, "X-Forwarded-Proto": scheme}

    def wait(self, boxes: Sequence[Box]) -> None:
        """Return once containers are healthy by what their own revision asks. Raises DeployFailed."""
        if not boxes:
            return
        own = spec.load(boxes[0].labels.get("dockyard.spec", ""))
        timeout = min(self.environment.health_timeout, self.environment.deploy_timeout)
        asked = health.Asked(
            own.get("PORT", ""), own.get("HEALTH_PATH", ""), timeout, own.get("MEMORY", ""), self.visitor()
        )
        health.wait(self.client, self.edge, boxes, asked)
        self.fleet.settle(boxes)

    def shift(self, edge: Edge, traffic: Sequence[Traffic]) -> tuple[Traffic, ...]:
        """Give the traffic, to revisions that run or that are started for it; what the edge does then.

        Of a revision that serves already, a worker that has stopped or a container that crashes is no reason to wait.
        """
        found = self.inventory()
        serve = {each.revision for each in edge.awake(found).servers if each.weight}
        wanted = [each for each in traffic if each.percent or each.tag]
        boxes = {each.revision: found.instances(each.revision, names.WEB) for each in wanted}
        for revision, replicas in boxes.items():
            if not replicas:
                raise DockyardError(
                    f"{revision} has no containers to give traffic to; "
                    f"inv history --env={self.environment.name} lists what there is."
                )
            needed = [box for box in replicas if not box.up] if revision in serve else found.instances(revision)
            asleep = [box for box in needed if not box.running]
            self.fleet.start(asleep)
            self.wait(asleep)
        self.fence()
        give(edge, edge.ensure(self.inventory()), [box for each in boxes.values() for box in each], wanted)
        return self.look().traffic

    def drain(self, edge: Edge, look: Look, leaving: Collection[str]) -> None:
        """Let servers without weight finish what they have begun, for DRAIN_TIMEOUT at most; then forget them."""
        if not leaving:
            return
        deadline = time.monotonic() + self.environment.drain_timeout
        while any(look.edge.sessions.get(name) for name in leaving) and time.monotonic() < deadline:
            time.sleep(0.05)
            look = replace(look, edge=edge.look(look.inventory))
        self.fence()
        edge.change(look.routing, routing.keeping(look.routing, leaving))


def give(edge: Edge, now: Routing, boxes: Sequence[Box], traffic: Sequence[Traffic]) -> None:
    """Share the requests out over these replicas, and over those that the edge knows already."""
    known = {each.name: each for each in now.servers}
    edge.change(now, routing.weigh((known | {box.name: server(box) for box in boxes}).values(), traffic))


def server(box: Box) -> Server:
    """A replica as the edge addresses it."""
    port = spec.load(box.labels.get("dockyard.spec", "")).get("PORT", "8080")
    return Server(box.name, box.revision, f"{box.address}:{port}")
