"""More or fewer replicas of the revision that serves."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from dataclasses import replace

from docker.errors import DockerException

from ...errors import DockyardError, SettingError
from ...say import say
from ...signals import uninterrupted
from . import ledger, names, network, routing
from .inventory import Box
from .service import Look, Service


def scale(service: Service, replicas: int) -> None:
    """Change the number of replicas: new ones get traffic once healthy, leaving ones finish what they have begun."""
    if replicas < 1:
        raise SettingError(f"{replicas} replicas cannot serve; ask for at least 1.")
    look = service.look()
    if look.serving is None:
        raise DockyardError(
            f"{service.name} has no revision to scale; inv deploy --env={service.environment.name} makes one."
        )
    if left := begun(look, serving(look)):
        say(f"Taking {', '.join(box.name for box in left)} away, left by a scaling that was killed.")
        withdraw(service, left)
        look = service.look()
    boxes = serving(look)
    if len(boxes) < replicas:
        grow(service, look, boxes, replicas)
    elif len(boxes) > replicas:
        shrink(service, look, boxes[replicas:])


def serving(look: Look) -> list[Box]:
    """The replicas of the serving revision, in order of their numbers."""
    found = look.inventory.instances(look.serving.name, names.WEB) if look.serving else []
    return sorted(found, key=lambda box: box.replica)


def begun(look: Look, boxes: Collection[Box]) -> list[Box]:
    """Replicas without requests beside others that have some: a scaling was killed before or after they had."""
    weights = {each.name: each.weight for each in look.routing.servers}
    idle = [box for box in boxes if not weights.get(box.name)]
    return idle if len(idle) < len(boxes) else []


def grow(service: Service, look: Look, boxes: list[Box], replicas: int) -> None:
    """Add replicas like the first one. What does not get healthy is removed again."""
    first = ledger.entry(boxes[0].labels)
    numbers = [number for number in range(1, replicas + 1) if number not in {box.replica for box in boxes}]
    numbers = numbers[: replicas - len(boxes)]
    subnet = network.ensure(service.client, service.name)
    addresses = network.free(subnet, [box.address for box in look.inventory.boxes], len(numbers))
    try:
        service.fleet.more(
            boxes[0], [replace(first, replica=n, address=a) for n, a in zip(numbers, addresses, strict=True)]
        )
        new = [box for box in service.boxes(first.revision, names.WEB) if box.replica in numbers]
        service.wait(new)
        service.shift(service.edge_now(look.inventory, look.traffic), look.traffic)
    except BaseException:
        with uninterrupted():
            withdraw(service, [box for box in service.boxes(first.revision, names.WEB) if box.replica in numbers])
        raise


def withdraw(service: Service, boxes: list[Box]) -> None:
    """Take replicas away again: out of the edge first, where they are in it by now."""
    with suppress(DockyardError, DockerException, OSError):
        look = service.look()
        known = {each.name for each in look.routing.servers}
        shrink(service, look, [box for box in boxes if box.name in known])
    service.fleet.remove(boxes)


def shrink(service: Service, look: Look, boxes: list[Box]) -> None:
    """Take replicas out, the newest first."""
    leaving = {box.name for box in boxes}
    if not leaving:
        return
    staying = routing.weigh((each for each in look.routing.servers if each.name not in leaving), look.traffic)
    idle = [replace(each, weight=0) for each in look.routing.servers if each.name in leaving]
    edge = service.edge_now(look.inventory, look.traffic)
    edge.change(look.routing, replace(staying, servers=(*staying.servers, *idle)))
    service.drain(edge, service.look(), leaving)
    service.fleet.stop(boxes)
    service.fleet.remove(boxes)
