"""What a deploy would change, and which requests are refused before anything is: nothing here changes anything."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ...errors import DockyardError, SettingError
from .. import Change, Current, Release, Revision
from . import ledger, names, spec
from .inventory import Box, Inventory

if TYPE_CHECKING:
    from ...environment.settings import Environment
    from .service import Look


def changes(
    environment: Environment, release: Release, found: Inventory, current: Current, force: bool
) -> Iterator[Change]:
    """The differences between what runs and what is wanted, by setting."""
    serving = current.revision
    if serving is None:
        yield Change("revision", "none", "new")
        return
    if force:
        yield Change("revision", serving.name, "new (forced)")
    boxes = found.instances(serving.name)
    yield from image(serving, release, current)
    yield from spec.changes(*settled(environment, found, boxes, serving.name))
    yield from running(boxes)
    if not serving.verified:
        yield Change("verified", "no", "yes")
    percent = next((each.percent for each in current.traffic if each.revision == serving.name), 0)
    if percent != 100:
        yield Change("traffic", f"{percent} %", "100 %")
    if found.edge is None or not found.edge.running:
        yield Change("edge", found.edge.state if found.edge else "missing", "running")


def image(serving: Revision, release: Release, current: Current) -> Iterator[Change]:
    """Another repository, another digest; the one that really runs counts, not the one on the label."""
    if serving.release.image != release.image:
        yield Change("IMAGE", serving.release.image, release.image)
    mine = {each.digest for each in current.instances if each.revision == serving.name and each.digest}
    for digest in sorted(mine or {serving.release.digest}):
        if digest != release.digest:
            yield Change("IMAGE digest", digest, release.digest)


def settled(
    environment: Environment, found: Inventory, boxes: Sequence[Box], revision: str
) -> tuple[spec.Spec, spec.Spec]:
    """What the settings asked for when the revision was made, with the replicas and the port of by now; and now."""
    records = (each for each in found.records if each["dockyard.revision"] == revision)
    labels = boxes[0].labels if boxes else next(records, {})
    before = spec.load(labels.get("dockyard.spec", ""))
    replicas = sum(box.process == names.WEB for box in boxes)
    where = {"published port": found.edge.front} if found.edge else {}
    return {**before, "REPLICAS": str(replicas), **where}, spec.spec(environment)


def running(boxes: Sequence[Box]) -> Iterator[Change]:
    """Containers that ought to run and do not."""
    for process in sorted({box.process for box in boxes}):
        of_it = [box for box in boxes if box.process == process]
        up = sum(box.running for box in of_it)
        if up != len(of_it):
            yield Change(f"{process} running", f"{up} of {len(of_it)}", str(len(of_it)))


def counted(entries: Sequence[ledger.Entry]) -> list[str]:
    """`2 web`, `1 worker`."""
    return [f"{count} {process}" for process, count in Counter(entry.process for entry in entries).items()]


def refuse_tag(environment: Environment, tag: str) -> None:
    """Raise SettingError for a traffic tag that cannot be the first label of a host, or is that of URL."""
    if tag and not re.fullmatch(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?", tag):
        raise SettingError(
            f"--traffic-tag={tag} cannot be the first part of a host name: use lower-case letters, digits and `-`, "
            "beginning with a letter, such as staging."
        )
    host = urlsplit(environment.url).hostname or "localhost"
    if tag and tag == host.partition(".")[0]:
        raise SettingError(f"--traffic-tag={tag} is what URL's own host begins with; every request would go there.")


def logged(look: Look, *, previous: bool, env: str) -> str:
    """The revision whose log is asked for: the serving one, or the one that served before it. Raises DockyardError."""
    serving = look.serving
    if serving is None:
        raise DockyardError(f"No revision serves, so there is no log; inv history --env={env} lists what there was.")
    if not previous:
        return serving.name
    older = [each for each in look.history[look.history.index(serving) + 1 :] if each.startable]
    best = next((each for each in older if each.verified), next(iter(older), None))
    if best is None:
        raise DockyardError(f"No container of a revision before {serving.name} is left; leave --previous out.")
    return best.name
