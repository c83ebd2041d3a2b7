"""The embedded default: an engine, base images and a registry on loopback, mended where missing, and taken down again.

Each part is looked at first, and what is there is used, whoever started it. Independent parts come up side by side.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from docker.errors import NotFound

from . import bases, dockerd, loopback, state
from .errors import DockyardError
from .packages import Say
from .target.docker import faults, names
from .target.docker.engine import Engine, connect, locate

BASES = (bases.DEBIAN, bases.PYTHON)
OWN = (names.LABEL, loopback.LABEL)  # one of them is on every container, network and volume of Dockyard's


@dataclass(frozen=True)
class Part:
    """One part of the embedded default. `did` is "" where it was there, else what was done, or would be."""

    name: str
    did: str = ""


def up(
    *,
    registry: str,
    images: Sequence[str] = BASES,
    yes: bool = False,
    ca: Path | None = None,
    dry: bool = False,
    say: Say,
) -> list[Part]:
    """Mend what is missing: the engine, `images`, and the registry at `HOST:PORT` on loopback ("" needs none).

    `yes` allows to install packages, `ca` is the bundle of a re-signing proxy. Raises DockyardError.
    """
    wanted = tuple(dict.fromkeys((bases.DEBIAN, *images)))
    with locked(dry=dry):
        engine = Part("engine")
        try:
            client = connect()
        except DockyardError as error:
            place = mendable(error, yes=yes)
            engine = Part("engine", dockerd.remedy())
            if dry:
                rest = [Part(name, "pulled or made") for name in wanted]
                return [engine, *rest, *([Part(f"registry {registry}", "started")] if registry else [])]
            say(f"No Docker engine answers at {place.address}; bringing one up ...")
            dockerd.bring_up(place, answers, say)
            client = connect()
        with faults.told(), closing(client), ThreadPoolExecutor(len(wanted) + 1) as pool:
            parts = Parts(client, ca=ca, dry=dry, say=say)
            for name in wanted:
                parts.images[name] = pool.submit(parts.image, name)
            coming = [*parts.images.values(), *([pool.submit(parts.registry, registry)] if registry else [])]
            return [engine, *(each.result() for each in coming)]


class Parts:
    """The parts that live on the engine, coming up side by side; those in `images` may be waited for by others."""

    def __init__(self, client: Engine, *, ca: Path | None, dry: bool, say: Say) -> None:
        self.client = client
        self.ca = ca
        self.dry = dry
        self.say = say
        self.images: dict[str, Future[Part]] = {}

    def image(self, name: str) -> Part:
        """See to a base image. Raises DockyardError."""
        if bases.has(self.client, name):
            return Part(name)
        if self.dry:
            return Part(name, "pulled or made")
        return Part(name, bases.provide(self.client, name, debian=self.debian, ca=self.ca, say=self.say))

    def registry(self, address: str) -> Part:
        """See to the registry at `HOST:PORT`. Raises DockyardError."""
        there = loopback.answers(address)
        if not there and not self.dry:
            loopback.start(self.client, address, debian=self.debian, ca=self.ca, say=self.say)
        return Part(f"registry {address}", "" if there else "started")

    def debian(self) -> None:
        """Wait for the image that others are made from."""
        self.images[bases.DEBIAN].result()


def mendable(error: DockyardError, *, yes: bool) -> dockerd.Layout:
    """Where an engine is to be brought up, given why none could be connected to. Raises what the operator has to do."""
    address, _ = locate("", os.environ)
    path = address.removeprefix("unix://")
    if not address.startswith("unix://") or (Path(path).exists() and not os.access(path, os.R_OK | os.W_OK)):
        raise error
    why = dockerd.refusal(address, yes=yes)
    if why:
        raise DockyardError(why) from error
    return here(address)


def here(address: str) -> dockerd.Layout:
    """The layout of the engine at `address` on this machine, given what else runs on it."""
    beside = any(comm.read_text().strip() == "dockerd" for comm in Path("/proc").glob("[0-9]*/comm"))
    return dockerd.layout(address, state.folder(), beside=beside)


def answers() -> bool:
    """Whether the engine answers."""
    try:
        connect().close()
    except DockyardError:
        return False
    return True


def down(*, registry: str, purge: bool = False, dry: bool = False, say: Say) -> list[Part]:
    """Stop what `up` started: the registry, then the engine; what others started is left, and said.

    `purge` removes all that Dockyard has on the engine first: services, networks, volumes, registries with their data.
    """
    with locked(dry=dry):
        place = here(locate("", os.environ)[0])
        own, parts = dockerd.started(place), list[Part]()
        if not answers():
            say(f"No Docker engine answers at {place.address}.")
        else:
            with faults.told(), closing(connect()) as client:
                parts = purged(client, dry=dry) if purge else stopped(client, registry, dry=dry)
            if registry and not parts and not own and loopback.answers(registry):
                say(f"Left as it is: the registry at {registry}, which local.up did not start.")
            if not own:
                say(f"Left as it is: the engine at {place.address}, which local.up did not start.")
        if own and not dry:
            dockerd.stop(place)
        return [*parts, *([Part("engine", "stopped")] if own else [])]


def stopped(client: Engine, registry: str, *, dry: bool) -> list[Part]:
    """Stop the registry's container, if it is one that `up` started."""
    try:
        container = client.containers.get(loopback.name(registry))
    except NotFound:
        return []
    if container.status != "running" or loopback.LABEL not in container.labels:
        return []
    if not dry:
        container.stop()
    return [Part(f"registry {registry}", "stopped")]


def purged(client: Engine, *, dry: bool) -> list[Part]:
    """Remove every container, network and volume of Dockyard's, in this order."""
    parts = []
    for label in OWN:
        for container in client.containers.list(all=True, filters={"label": label}, ignore_removed=True):
            parts.append(Part(f"container {container.name}", "removed"))
            if not dry:
                container.remove(force=True)
        for network in client.networks.list(filters={"label": label}):
            parts.append(Part(f"network {network.name}", "removed"))
            if not dry:
                network.remove()
        for volume in client.volumes.list(filters={"label": label}):
            parts.append(Part(f"volume {volume.name}", "removed"))
            if not dry:
                volume.remove(force=True)
    return parts


@contextmanager
def locked(*, dry: bool) -> Iterator[None]:
    """One `local.up` or `local.down` of this user at a time, another waits; a dry run needs none."""
    if dry:
        yield
        return
    state.folder().mkdir(parents=True, exist_ok=True)
    with (state.folder() / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
