"""Task definitions that nothing needs any more are deregistered. Images are not touched.

An image in ECR may be what a service is pinned to, and without it neither a scale-out nor the replacement of a task
would get it any more. A deregistered task definition goes on where it runs, but nothing can be started from it or go
back to it, so that only those go which Dockyard registered itself and which no service of the cluster names.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from .. import Removal, Revision
from . import ledger, paging
from .history import listed
from .recent import created, rollouts, targets
from .rolling import FINAL
from .running import short
from .service import WEB, Entry, described, named

if TYPE_CHECKING:
    from ...environment.settings import Environment
    from .catalog import Catalog
    from .definition import Definition

BESIDE = 8  # requests side by side


def prunable(
    catalog: Catalog, environment: Environment, services: Mapping[str, str], keep: int, pinned: Collection[str]
) -> list[Removal]:
    """What could go. `services` gives each process ("web" first) its service."""
    ecs = catalog.clients.ecs
    found = described(ecs, environment.cluster, list(services.values()))
    main = next((each for each in found if each["serviceName"] == services[WEB]), None)
    if main is None:
        return []
    own = named(main).rpartition(":")[0]
    families = sorted({named(each).rpartition(":")[0] for each in found})
    with ThreadPoolExecutor(BESIDE) as side_by_side:
        busy = side_by_side.submit(used, ecs, environment.cluster, [each["serviceName"] for each in found])
        arns = [arn for one in side_by_side.map(lambda family: listed(ecs, family), families) for arn in one]
        known = [each for each in side_by_side.map(catalog.find, arns) if each]
        needed = busy.result()
    mine = [each for each in known if each.family == own]
    history = [ledger.revision(each, environment, running=each.name in needed, percent=0) for each in mine]
    kept = staying(history, owned(known, needed), named(main), keep, pinned)
    return list(removals(known, history, kept | newest(known) | needed, keep))


def staying(
    history: Sequence[Revision], needed: Collection[str], serving: str, keep: int, pinned: Collection[str]
) -> set[str]:
    """What stays of the main service's revisions, newest first: pure.

    Those that are `needed` or pinned, the last `keep` verified ones beside those, and what a rollback would take.
    """
    stays = {*needed, *(each.name for each in history if each.release.digest in pinned)}
    verified = [each for each in history if each.verified and each.name not in needed]
    now = next(((each.release.digest, each.spec) for each in history if each.name == serving), None)
    others = [each for each in verified if (each.release.digest, each.spec) != now]
    return stays | {each.name for each in (*verified[:keep], *others[: min(keep, 1)])}


def removals(
    known: Iterable[Definition], history: Sequence[Revision], stays: Collection[str], keep: int
) -> Iterable[Removal]:
    """Those of Dockyard's that do not stay; a worker's goes with the main revision that it belongs to."""
    verified = {each.name for each in history if each.verified}
    for each in known:
        of = ledger.of(each)
        if each.name in stays or of in stays or not any(key.startswith(ledger.PREFIX) for key in each.tags):
            continue
        why = f"not among the last {keep} verified" if each.name in verified else "never verified"
        yield Removal("revision", each.name, f"belongs to {of}, which goes or is gone" if of else why)


def owned(known: Iterable[Definition], needed: Collection[str]) -> set[str]:
    """What is needed, and the main revisions that a worker which is needed belongs to."""
    mains = {ledger.of(each) for each in known if each.name in needed}
    return {*needed, *mains} - {""}


def newest(known: Iterable[Definition]) -> set[str]:
    """The newest of each family: what a release that was killed may have registered last."""
    first: dict[str, str] = {}
    for each in known:
        first.setdefault(each.family, each.name)
    return set(first.values())


def used(ecs: Any, cluster: str, own: Sequence[str]) -> set[str]:
    """The task definitions that any service of the cluster names, or that ECS may go back to by itself."""
    found: set[str] = set()
    names = paging.listed(ecs.list_services, "serviceArns", cluster=cluster, maxResults=100)
    briefs = [each for name in own for each in lasting(rollouts(ecs, cluster, name))]
    for entry in described(ecs, cluster, names):
        places = (entry, *(entry.get("deployments") or ()), *(entry.get("taskSets") or ()))
        found |= {short(str(each["taskDefinition"])) for each in places if each.get("taskDefinition")}
    return found | set(targets(ecs, briefs).values())


def lasting(briefs: Sequence[Entry]) -> list[Entry]:
    """The service deployments that are under way, and the newest that succeeded: what ECS rolls back to."""
    newest_first = sorted(briefs, key=created, reverse=True)
    going = [each for each in newest_first if each.get("status") not in FINAL]
    good = [each for each in newest_first if each.get("status") == "SUCCESSFUL"]
    return [*going, *good[:1]]


def prune(
    catalog: Catalog, environment: Environment, services: Mapping[str, str], removals: Sequence[Removal]
) -> list[Removal]:
    """Deregister these but for what is used by now; what was."""
    ecs = catalog.clients.ecs
    busy = used(ecs, environment.cluster, list(services.values()))
    going = [each for each in removals if each.kind == "revision" and each.name not in busy]
    with ThreadPoolExecutor(BESIDE) as side_by_side:
        list(side_by_side.map(lambda each: ecs.deregister_task_definition(taskDefinition=each.name), going))
    return going
