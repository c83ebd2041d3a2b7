"""What a service and its workers wrote, out of Cloud Logging, in order of time over all of them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...errors import DockyardError
from .. import LogLine, LogQuery
from . import entries, following, history, running, selection
from .pool import belongs

if TYPE_CHECKING:
    from google.cloud import run_v2

    from ...environment.settings import Environment
    from .clients import Clients
    from .entries import Entry
    from .service import Fleet

EARLIER = 3600.0  # seconds that a failed revision may have begun before its last DEPLOY_TIMEOUT
LATE = (0.0, 1.0, 2.0)  # seconds between looks for the last lines of a revision that failed just now
SOUGHT = 20  # lines that tell enough of what was sought


@dataclass(frozen=True)
class Subject:
    """What is read: filters for the service and each pool, their revisions, and since when (seconds since 1970)."""

    sources: tuple[str, ...]
    revisions: frozenset[str]
    since: float


def read(fleet: Fleet, query: LogQuery) -> Iterator[LogLine]:
    """The newest lines in order of time, and with `follow` all that come after, over releases too.

    Raises DockyardError where there is no service or revision, Unreadable where Cloud Logging gives nothing.
    """
    subject = chosen(fleet, query)
    begin = max(subject.since, time.time() - query.since) if query.since is not None else subject.since
    asked = [selection.containing(query.filter)] if query.filter else []
    if query.sought:
        yield from sought(fleet, subject, begin, query.sought)
        return

    def mine(entry: Entry) -> bool:
        return matches(entry, query.filter)

    began_to_follow = time.time()

    def follows(entry: Entry) -> bool:
        known = entry.resource.labels.get("revision_name") in subject.revisions
        return (known or entry.timestamp.ToNanoseconds() >= began_to_follow * 1e9) and mine(entry)

    wanted = selection.whole(subject.sources, begin, *asked)
    shown: list[Entry] = []
    for entry in entries.read(fleet.clients, wanted, newest=query.limit, mine=mine if query.filter else None):
        if query.follow:
            shown.append(entry)
        yield entries.line(entry)
    if query.follow:
        sources = subject.sources if query.revision or query.previous else everything(fleet)
        follower = following.Follower(fleet.clients, sources, asked, follows)
        yield from map(entries.line, follower.follow(begin, shown, query.limit))


def chosen(fleet: Fleet, query: LogQuery) -> Subject:
    """The revision that is named, or the one before, or all that have traffic; with the workers that belong to it."""
    look, environment = fleet.lately(), fleet.environment
    service = look.service
    if service is None:
        raise DockyardError(
            f"There is no service {environment.service} in {environment.region} yet; make one: "
            f"inv release --env={environment.name}"
        )
    name = query.revision
    if query.previous:
        name = history.previous(fleet)
        if not name:
            raise DockyardError(
                f"No revision of {environment.service} served before the one that does; inv history "
                f"--env={environment.name} lists what there is."
            )
    since = service.create_time.timestamp() if service.create_time else 0.0  # nothing was written before
    names = [name] if name else [each.revision for each in running.traffic(service) if each.percent]
    sources, every = [selection.service(environment.service, environment.region, names)], list(names)
    for process, pool in look.pools.items():
        own = workers(pool, name)
        if own:
            sources.append(selection.pool(fleet.pool_name(process), environment.region, own))
            every += own
    return Subject(tuple(sources), frozenset(every), since)


def workers(pool: run_v2.WorkerPool, of: str) -> Sequence[str]:
    """The revisions of a worker pool that belong to a main one, or those that run where none is named."""
    return () if of and belongs(pool) != of else running.serving(pool)


def everything(fleet: Fleet) -> tuple[str, ...]:
    """The service and its pools with whatever revision they have, those to come too."""
    environment = fleet.environment
    return (
        selection.service(environment.service, environment.region),
        *(selection.pool(fleet.pool_name(process), environment.region) for process in environment.processes),
    )


def matches(entry: Entry, text: str) -> bool:
    """Whether a line contains a text, or is of that severity or a worse one where it is the name of one."""
    return not text or text in entries.text(entry) or entries.at_least(entries.severity(entry), text)


def sought(fleet: Fleet, subject: Subject, begin: float, texts: Sequence[str]) -> Iterator[LogLine]:
    """Lines with one of these texts, else the newest one: whether there is such a line is asked of Cloud Logging.

    Requests are left out: anybody may send one that has the text in its path.
    """
    clients = fleet.clients
    without = f"NOT {selection.requests(clients.project)}"
    any_of = " OR ".join(f"({selection.containing(text)})" for text in texts)

    def mine(entry: Entry) -> bool:
        return any(text in entries.text(entry) for text in texts)

    with_one = selection.whole(subject.sources, begin, without, any_of)
    found = list(entries.read(clients, with_one, newest=SOUGHT, mine=mine))
    if not found:
        found = list(entries.read(clients, selection.whole(subject.sources, begin, without), newest=1))
    yield from map(entries.line, found)


def recent(clients: Clients, environment: Environment, revision: str, limit: int = 20) -> list[LogLine]:
    """The last lines that a revision wrote, for a diagnosis; none where they cannot be read."""
    source = selection.service(environment.service, environment.region, [revision])
    since = time.time() - environment.deploy_timeout - EARLIER
    without = f"NOT {selection.requests(clients.project)}"
    wanted = selection.whole([source], since, without)
    try:
        for pause in LATE:  # what was written just now may not be there yet
            time.sleep(pause)
            found = [entries.line(each) for each in entries.read(clients, wanted, newest=limit)]
            if found:
                return found
    except DockyardError:
        return []
    return []
