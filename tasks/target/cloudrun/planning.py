"""What a deploy would change on Cloud Run, and what is refused before anything is: nothing here changes anything."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...environment.cloudrun import worker
from .. import Change, Release
from . import desired, ledger, pool
from .difference import difference
from .running import LATEST, short

if TYPE_CHECKING:
    from google.cloud import run_v2

    from ...environment.settings import Environment
    from .service import Look


def changes(
    environment: Environment,
    release: Release,
    look: Look,
    *,
    force: bool = False,
    filled: run_v2.Service | None = None,
) -> list[Change]:
    """The differences between what runs and what is wanted: of the service, its traffic, and then its workers.

    `filled` is the wanted service as Cloud Run has validated and completed it. Nothing changes where a verified
    revision has all of the traffic by its own name and is of this release. Raises SettingError for what Cloud Run
    cannot honour.
    """
    live = look.service
    wanted = filled if filled is not None else desired.service(live, environment, release)
    if live is None:
        found = [Change("revision", "none", "new"), *difference(None, wanted.template)]
        found += public(None, wanted)
        return found + list(workers(environment, release, look, ""))
    name = serving(live)
    settled = kept(environment, release, live, name)
    found = [Change("revision", name or latest(live), "new (forced)")] if force else []
    if not settled:
        found += difference(live.template, wanted.template)
    found += public(live, wanted)
    found += traffic(live, name, settled=settled)
    found += workers(environment, release, look, name if settled else "")
    if name not in ledger.records(live):
        found.append(Change("verified", "no", "yes"))
    return found


def latest(service: run_v2.Service) -> str:
    """The revision that the service's template has made."""
    return short(service.latest_created_revision) or service.template.revision


def shares(service: run_v2.Service) -> list[tuple[str, int, bool]]:
    """Each revision with traffic, its percent, and whether it is the latest, whichever that is. As Cloud Run has it."""
    targets = [*service.traffic_statuses] or [*service.traffic]
    ready = short(service.latest_ready_revision)
    return [(each.revision or ready, each.percent, each.type_ == LATEST) for each in targets if each.percent]


def serving(service: run_v2.Service) -> str:
    """The revision with most of the traffic; "" where none has any."""
    return max(shares(service), key=lambda each: each[1], default=("", 0, False))[0]


def kept(environment: Environment, release: Release, service: run_v2.Service, name: str) -> bool:
    """Whether an older revision serves, of which the ledger says that it is this release: a rollback has left it so."""
    record = ledger.records(service).get(name)
    return (
        record is not None
        and name != latest(service)
        and (record.digest, record.spec) == (release.digest, ledger.asked(environment))
    )


def traffic(service: run_v2.Service, name: str, *, settled: bool) -> Iterator[Change]:
    """Traffic that is not all of one revision's by its name, or is another's than the template's."""
    found = shares(service)
    new = name if settled else latest(service)
    if found != [(new, 100, False)]:
        before = ", ".join(f"{percent} % {'latest: ' if newest else ''}{each}" for each, percent, newest in found)
        yield Change("traffic", before or "none", f"100 % {name if settled else 'of the new revision'}")


def public(live: run_v2.Service | None, wanted: run_v2.Service) -> Iterator[Change]:
    """Whether anybody may call the service."""
    before = live is not None and live.invoker_iam_disabled
    if before != wanted.invoker_iam_disabled:
        old, new = (str(each).lower() for each in (before, wanted.invoker_iam_disabled))
        yield Change("PUBLIC", "" if live is None else old, new)


def workers(environment: Environment, release: Release, look: Look, kept: str) -> Iterator[Change]:
    """The differences of the worker pools; none of one that belongs to the revision that is `kept`."""
    like = look.service.template if look.service is not None else None
    for process, command in environment.processes.items():
        name, live = worker(environment.service, process), look.pools.get(process)
        if live is None:
            yield Change(name, "none", "new")
        elif not kept or pool.belongs(live) != kept:
            wanted = pool.wanted(live, environment, release, process, command, of="", like=like)
            for each in difference(live.template, wanted.template):
                yield Change(f"{name} {each.what}", each.before, each.after)
            yield from split(live, name)


def split(live: run_v2.WorkerPool, name: str) -> Iterator[Change]:
    """Instances of a pool that are not all of its latest revision."""
    newest = short(live.latest_created_revision)
    ready = short(live.latest_ready_revision)
    splits = [*live.instance_split_statuses] or [*live.instance_splits]
    found = [(each.revision or ready, each.percent) for each in splits if each.percent]
    if found and newest and found != [(newest, 100)]:
        before = ", ".join(f"{percent} % {each}" for each, percent in found)
        yield Change(f"{name} instances", before, "100 % of the new revision")
