"""What the tasks of a service wrote, out of CloudWatch Logs, in order of time over all of them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ...errors import DockyardError
from ...say import say
from .. import LogLine, LogQuery
from . import streams
from .events import Events
from .faults import BotoCoreError, ClientError
from .following import follow
from .owners import Owners
from .running import short, tasks
from .service import WEB
from .stopping import stop_reason
from .workers import Fleet, Looks, side_by_side

if TYPE_CHECKING:
    from .clients import Clients
    from .definition import Definition
    from .streams import Event, Place

REMEMBERED = 3600.0  # seconds for which ECS can still describe a task that has stopped
RETRY = 1.0  # seconds until the last lines of a task that has just ended can be read


@dataclass(frozen=True)
class Subject:
    """What is read: the task definitions by process, where they log to, and since when (seconds since 1970)."""

    definitions: Mapping[str, Definition]
    places: tuple[Place, ...]
    since: float
    several: bool = False  # whether a task has more than one container that is read


def read(fleet: Fleet, query: LogQuery, looks: Looks | None = None) -> Iterator[LogLine]:
    """The newest lines in order of time, and with `follow` all that come after, over releases too.

    `looks` is what the services were a moment ago, if somebody has looked. Raises DockyardError where there is no log
    to read, or it cannot be.
    """
    events = Events(fleet.clients)
    if query.previous:
        yield from previous(fleet, events, query)
        return
    subject = current(fleet, query.revision, looks or fleet.look())
    start = max(subject.since, time.time() - query.since) if query.since is not None else subject.since
    began = time.time()
    names = {process: each.name for process, each in subject.definitions.items()}

    def wanted(process: str, task: Mapping[str, Any]) -> bool:
        if names.get(process) == short(task["taskDefinitionArn"]):
            return True
        return query.follow and not query.revision and created(task) >= began

    owners = Owners(fleet, wanted)
    # in such a window no task can be unknown by now, so that it is enough to ask about those that wrote something
    listed = [] if began - start < REMEMBERED else owners.listed()
    found: list[Event] = []
    if listed or began - start < REMEMBERED:
        found = gathered(events, subject.places, owners, query, start, listed)
    for event in found:
        yield line(event, owners, several=subject.several)
    if query.follow:
        arrivals = (lambda: ()) if query.revision else (lambda: current(fleet, "", fleet.look()).places)
        for event in follow(events, subject.places, owners.mine, query, start, found, arrivals):
            yield line(event, owners, several=subject.several)


def current(fleet: Fleet, revision: str, looks: Looks) -> Subject:
    """The revision that serves, or another one, with the workers that belong to it. Raises DockyardError."""
    name = revision or looks.main.serving
    definition = fleet.catalog.find(name)
    if definition is None:
        raise DockyardError(f"ECS has no task definition {name}: inv history lists what there is.")
    found = {WEB: definition}
    for process, look in looks.by.items():
        owner = looks.owners.get(look.definition.name, looks.main.definition.name)
        if process != WEB and owner == name:
            found[process] = look.definition
    each = {process: streams.places(of, fleet.environment, process) for process, of in found.items()}
    since = [
        created(deployment)
        for look in looks.by.values()
        for deployment in look.raw.get("deployments") or ()
        if short(str(deployment.get("taskDefinition"))) in {of.name for of in found.values()}
    ]
    registered = definition.content.get("registeredAt")
    begin = min(since, default=registered.timestamp() if isinstance(registered, datetime) else 0.0)
    places = tuple(dict.fromkeys(place for those in each.values() for place in those))
    return Subject(found, places, begin - 1, any(len(those) > 1 for those in each.values()))


def gathered(
    events: Events, places: Sequence[Place], owners: Owners, query: LogQuery, start: float, listed: Sequence[str] = ()
) -> list[Event]:
    """What was written up to now, in order of time."""
    each = side_by_side(
        lambda place: events.read(
            place, owners.mine, int(start * 1000), tasks=listed, pattern=query.filter, newest=query.limit
        ),
        places,
    )
    return sorted((event for found in each for event in found), key=streams.order)[-query.limit :]


def previous(fleet: Fleet, events: Events, query: LogQuery) -> Iterator[LogLine]:
    """The log of the task that stopped last, after why it did."""
    ecs, cluster = fleet.clients.ecs, fleet.environment.cluster
    each = side_by_side(lambda name: tasks(ecs, cluster, name, stopped=True), fleet.names.values())
    gone = [
        (process, task)
        for process, those in zip(fleet.names, each, strict=True)
        for task in those
        if task.get("stoppedAt")
    ]
    if not gone:
        raise DockyardError(
            f"ECS knows no task of {fleet.environment.service} that has stopped; it forgets them after an hour. "
            f"What ran before is in history: inv history --env={fleet.environment.name}."
        )
    process, task = max(gone, key=lambda each: each[1]["stoppedAt"])
    definition = fleet.catalog.find(task["taskDefinitionArn"])
    if definition is None:
        raise DockyardError(f"ECS has no task definition {short(task['taskDefinitionArn'])} any more.")
    owners = Owners(fleet, lambda *_: True)
    owners.learn([task])
    name = short(task["taskArn"])
    ended = streams.at(int(task["stoppedAt"].timestamp() * 1000))
    say(f"{process}-{name[:8]} of {definition.name} stopped at {ended[:19]}Z: {stop_reason(task)}")
    places = streams.places(definition, fleet.environment, process)
    since = created(task) - 1
    start = max(since, time.time() - query.since) if query.since is not None else since
    for event in gathered(events, places, owners, query, start, [name]):
        yield line(event, owners, several=len(places) > 1)


def line(event: Event, owners: Owners, *, several: bool) -> LogLine:
    """An event as a line."""
    text = str(event.get("message", "")).rstrip("\r\n")
    return LogLine(streams.at(int(event["timestamp"])), owners.source(event, several), text)


def created(of: Mapping[str, Any]) -> float:
    """When a task or deployment came about, in seconds since 1970."""
    at = of.get("createdAt")
    return at.timestamp() if isinstance(at, datetime) else 0.0


def last_lines(clients: Clients, definition: Definition, task: str, container: str, count: int = 20) -> list[str]:
    """The last lines of one container of a task, for a diagnosis; none where they cannot be read."""
    try:
        place = streams.place(definition, container, clients.region)
        for pause in (RETRY, 0.0):
            client = Events(clients).client(place.region)
            reply = client.get_log_events(
                logGroupName=place.group, logStreamName=place.stream(task), startFromHead=False, limit=count
            )
            found = [str(each["message"]).rstrip("\r\n") for each in reply.get("events") or ()]
            if found:
                return found[-count:]
            time.sleep(pause)
    except (DockyardError, BotoCoreError, ClientError):
        return []
    return []
