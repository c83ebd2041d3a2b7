"""What no longer serves goes: stopped revisions, and images that nothing needs. Never by force.

The registry is not touched: a digest that is deleted there takes every one of its tags along.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from typing import Any

from docker.errors import NotFound

from .. import Removal, Revision
from . import names, stale, unused
from .service import Look, Service


def prunable(service: Service, keep: int, pinned: Collection[str]) -> list[Removal]:
    """What could go. `pinned` are digests, and the tags of images that are pinned as part of an index."""
    look = service.look()
    going = stale.revisions(look, keep, pinned)
    lost = {each.name for each in going}
    boxes = {box.id for box in look.inventory.instances() if box.revision in lost}
    needed = {*pinned, *unused.recorded(service.client, lost)}
    images = unused.find(service.client, service.environment, boxes, needed)
    return [*revisions(service, look, going, keep), *images]


def revisions(service: Service, look: Look, going: Sequence[Revision], keep: int) -> Iterator[Removal]:
    """Revisions, with the bytes that their containers have written. Of the newest only those go, its record stays."""
    mine = {"label": [f"{names.LABEL}={service.name}"]}
    listed: list[dict[str, Any]] = service.client.api.containers(all=True, size=True, filters=mine) if going else []
    written = {each["Id"]: int(each.get("SizeRw") or 0) for each in listed}
    newest = stale.newest(look)
    for each in going:
        boxes = look.inventory.instances(each.name)
        if boxes or each.name != newest:
            size = sum(written.get(box.id, 0) for box in boxes)
            yield Removal("revision", each.name, stale.why(each, keep), size)


def prune(service: Service, removals: Sequence[Removal]) -> list[Removal]:
    """Remove these but for what runs, has traffic or is used by now; what was removed."""
    look = service.look()
    going = {each.name for each in removals if each.kind == "revision"} - stale.awake(look)
    service.fleet.remove(box for box in look.inventory.instances() if box.revision in going)
    for revision in going - {stale.newest(look)}:
        forget(service, revision)
    used = unused.users(service.client)
    images = [each for each in removals if isinstance(each, unused.Image) and each.id not in used]
    removed = [each for each in images if unused.remove(service.client, each)]
    return [*(each for each in removals if each.name in going), *removed]


def forget(service: Service, revision: str) -> None:
    """Remove a revision's history, the record last: while that is there, the next prune finds the rest."""
    for volume in (names.verified(revision), names.record(revision)):
        with suppress(NotFound):
            service.client.api.remove_volume(volume)
