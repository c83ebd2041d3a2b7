"""What one service has on an engine: its containers and its records, each found with one filtered call."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import docker

from . import names

UP = ("running", "restarting", "paused")  # what the engine calls a container that nobody has stopped


@dataclass(frozen=True)
class Box:
    """One container as a list shows it. `state` and `status` are the engine's words: `exited`, `Exited (1) 3 s ago`."""

    id: str
    name: str
    state: str
    status: str
    labels: Mapping[str, str]
    image_id: str

    @property
    def role(self) -> str:
        """What it is for: `instance`, `edge`, `once`, `lock`."""
        return self.labels.get(names.ROLE, "")

    @property
    def revision(self) -> str:
        """The revision that it belongs to."""
        return self.labels.get("dockyard.revision", "")

    @property
    def process(self) -> str:
        """`web`, or a worker's name."""
        return self.labels.get("dockyard.process", "")

    @property
    def replica(self) -> int:
        """Its number among the replicas, from 1."""
        return int(self.labels.get("dockyard.replica", "1"))

    @property
    def address(self) -> str:
        """Its own on the service's network."""
        return self.labels.get("dockyard.address", "")

    @property
    def running(self) -> bool:
        """Whether it runs."""
        return self.state == "running"

    @property
    def up(self) -> bool:
        """Whether it is meant to run: also between a crash and the engine's next try."""
        return self.state in UP

    @property
    def front(self) -> str:
        """What an edge publishes: `0.0.0.0:8080`."""
        return self.labels.get("dockyard.front", "")


@dataclass(frozen=True)
class Inventory:
    """A service's containers, the labels of its records, and the revisions that were verified."""

    service: str
    boxes: tuple[Box, ...] = ()
    records: tuple[Mapping[str, str], ...] = ()
    verified: frozenset[str] = frozenset()

    def instances(self, revision: str = "", process: str = "") -> list[Box]:
        """The containers of revisions, in order of name; of one revision or process where one is given."""
        return [
            box
            for box in self.boxes
            if box.role == "instance" and revision in ("", box.revision) and process in ("", box.process)
        ]

    def live(self, revisions: Iterable[str]) -> list[Box]:
        """The containers of these revisions, and of every other that runs: not those kept for a rollback."""
        awake = {box.revision for box in self.instances() if box.up}
        awake.update(revisions)
        return [box for box in self.instances() if box.revision in awake]

    @property
    def edge(self) -> Box | None:
        """The container that owns the published port."""
        return next((box for box in self.boxes if box.role == "edge"), None)

    @property
    def revisions(self) -> set[str]:
        """Every revision that a container or a record tells of."""
        return {box.revision for box in self.instances()} | {each["dockyard.revision"] for each in self.records}


def read(client: docker.DockerClient, service: str) -> Inventory:
    """Look: two calls, side by side."""
    mine = {"label": [f"{names.LABEL}={service}"]}
    with ThreadPoolExecutor(2) as side_by_side:
        containers = side_by_side.submit(client.api.containers, all=True, filters=mine)
        volumes = side_by_side.submit(client.api.volumes, filters=mine)
        boxes = sorted((box(each) for each in containers.result()), key=lambda each: each.name)
        kept = [each.get("Labels") or {} for each in volumes.result().get("Volumes") or ()]
    return Inventory(
        service,
        tuple(boxes),
        tuple(each for each in kept if each.get(names.ROLE) == "record"),
        frozenset(each["dockyard.revision"] for each in kept if each.get(names.ROLE) == "verified"),
    )


def box(summary: Mapping[str, Any]) -> Box:
    """A container of the engine's list."""
    return Box(
        id=summary["Id"],
        name=next((name[1:] for name in summary["Names"] or () if name.count("/") == 1), summary["Id"][:12]),
        state=summary["State"],
        status=summary["Status"],
        labels=summary["Labels"] or {},
        image_id=summary["ImageID"],
    )
