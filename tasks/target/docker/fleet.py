"""A revision's containers, made, started, stopped and removed side by side."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

import docker
from docker.errors import NotFound

from ...environment.secrets import resolve
from ...errors import DeployFailed
from .. import Release
from . import containers, faults, ledger, names, network, spec
from .inventory import Box, Inventory, read

if TYPE_CHECKING:
    from ...environment.settings import Environment


T = TypeVar("T")


class Fleet:
    """Changes the containers of one service."""

    def __init__(self, client: docker.DockerClient, environment: Environment) -> None:
        self.client = client
        self.environment = environment
        self.service = environment.service

    def environ(self) -> list[str]:
        """The variables, secrets included. Raises SettingError for a secret that cannot be resolved."""
        it = self.environment
        return containers.environ(it, {name: resolve(reference, it.root) for name, reference in it.secrets.items()})

    def entries(self, inventory: Inventory, release: Release, subnet: str) -> list[ledger.Entry]:
        """The containers that a new revision consists of."""
        it = self.environment
        revision = names.revision(self.service, inventory.revisions)
        places = [(names.WEB, replica) for replica in range(1, it.replicas + 1)]
        places += [(process, 1) for process in it.processes]
        addresses = network.free(subnet, [box.address for box in inventory.boxes], len(places))
        wanted = spec.dump(spec.spec(it))
        return [
            ledger.Entry(self.service, it.name, revision, release, wanted, process, replica, address)
            for (process, replica), address in zip(places, addresses, strict=True)
        ]

    def launch(self, entries: Sequence[ledger.Entry], environ: Sequence[str]) -> None:
        """Create and start a revision. Raises DeployFailed."""
        self._each(lambda entry: self._launch(entry, containers.instance(self.environment, entry, environ)), entries)

    def more(self, box: Box, entries: Sequence[ledger.Entry]) -> None:
        """Create and start further replicas of a container."""
        inspected = self.client.api.inspect_container(box.id)
        self._each(lambda entry: self._launch(entry, containers.clone(inspected, self.service, entry)), entries)

    def _launch(self, entry: ledger.Entry, config: containers.Config) -> None:
        api: Any = self.client.api
        with faults.told(DeployFailed):
            made = api.create_container_from_config(
                config, names.instance(entry.revision, entry.process, entry.replica)
            )
            api.start(made["Id"])

    def start(self, boxes: Iterable[Box]) -> None:
        """Start kept containers again; a crash at the start is to be seen, so nothing restarts them yet."""

        def start(box: Box) -> None:
            with faults.told(DeployFailed):
                self._restart(box, containers.NEVER)
                network.start(self.client, self.service, box.id, lambda _: box.address)

        self._each(start, boxes)

    def settle(self, boxes: Iterable[Box]) -> None:
        """From now on the engine restarts them."""
        self._each(lambda box: self._restart(box, containers.ALWAYS), boxes)

    def wake(self, boxes: Iterable[Box]) -> None:
        """Start again what the engine is to restart from the first crash on: nobody waits for it."""

        def wake(box: Box) -> None:
            with faults.told(DeployFailed):
                self._restart(box, containers.ALWAYS)
                network.start(self.client, self.service, box.id, lambda _: box.address)

        self._each(wake, boxes)

    def _restart(self, box: Box, policy: Any) -> None:
        self.client.api.update_container(box.id, restart_policy=policy)

    def stop(self, boxes: Iterable[Box]) -> None:
        """Stop, with DRAIN_TIMEOUT between SIGTERM and SIGKILL; an engine that starts anew does not start them."""

        def stop(box: Box) -> None:
            with suppress(NotFound):
                self._restart(box, containers.NEVER)
                self.client.api.stop(box.id, timeout=math.ceil(self.environment.drain_timeout))

        self._each(stop, (box for box in boxes if box.state not in ("exited", "created", "dead")))

    def remove(self, boxes: Iterable[Box]) -> None:
        """Remove, running or not."""

        def remove(box: Box) -> None:
            with suppress(NotFound):
                self.client.api.remove_container(box.id, force=True, v=True)

        self._each(remove, boxes)

    def remove_revision(self, revision: str) -> None:
        """Remove whatever there is by now of a revision, its record too."""
        self.remove(read(self.client, self.service).instances(revision))
        with suppress(NotFound):
            self.client.api.remove_volume(names.record(revision), force=True)

    @staticmethod
    def _each(do: Callable[[T], object], things: Iterable[T]) -> None:
        """Do it to all of them side by side; the first error is raised once all are done."""
        things = list(things)
        if things:
            with ThreadPoolExecutor(min(16, len(things))) as side_by_side:
                for done in [side_by_side.submit(do, thing) for thing in things]:
                    done.result()
