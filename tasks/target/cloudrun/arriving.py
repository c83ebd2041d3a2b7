"""A release on its way: a revision that comes up at 0 % under a tag, or a service that is created with it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from google.api_core import exceptions
from google.cloud import run_v2

from ...errors import DockyardError, Locked, Overtaken
from ...say import say
from ...signals import uninterrupted
from .. import Traffic
from . import desired, ledger, plans, running, shifting, traffic, undoing
from .arrival import Arrival
from .difference import difference
from .faults import told

if TYPE_CHECKING:
    from .plans import Planned
    from .service import Fleet


def arrive(fleet: Fleet, planned: Planned) -> Arrival:
    """Ask for the revision of a plan. On any failure or interruption the traffic is given back before it raises."""
    live = fleet.known
    arrival = of(fleet, planned, live) if live is not None else first(fleet, planned)
    try:
        with told():
            if live is None:
                create(fleet, arrival)
            else:
                update(fleet, arrival)
    except (Locked, Overtaken):  # what there is now is somebody else's
        raise
    except BaseException:
        with uninterrupted():
            taken_back(fleet, arrival)
        raise
    return arrival


def first(fleet: Fleet, planned: Planned) -> Arrival:
    """The first revision of a service that is not there yet."""
    name = plans.revision(fleet.environment.service, None)
    return Arrival(name, planned.plan.release, (), (), made=True, created=True)


def of(fleet: Fleet, planned: Planned, live: run_v2.Service) -> Arrival:
    """The revision of a plan beside what serves: the last one where a killed deploy has begun it, else a new one."""
    now, candidate = traffic.now(live), traffic.candidate(fleet.environment.service)
    found = "" if planned.force else adopted(fleet, planned, live)
    name = found or plans.revision(fleet.environment.service, live)
    home = ways_home(fleet, live, name) if found else now
    tag = planned.tag or next((each.tag for each in now if each.revision == name and each.tag), "") or candidate
    before = traffic.without(traffic.without(home, candidate), planned.tag)
    home = home if any(each.percent for each in home) else ()
    return Arrival(name, planned.plan.release, before, home, made=not found, tag=tag, public=live.invoker_iam_disabled)


def adopted(fleet: Fleet, planned: Planned, live: run_v2.Service) -> str:
    """The last revision where it is that of the release and was not given up: a deploy of it was killed; else ""."""
    env, release = fleet.environment, planned.plan.release
    name = running.short(live.latest_created_revision) or live.template.revision
    given_up = live.terminal_condition.state == run_v2.Condition.State.CONDITION_FAILED
    asked = {each.revision for each in live.traffic} | {each.revision for each in traffic.now(live)}
    if name not in asked or (given_up and running.short(live.latest_ready_revision) != name):
        return ""
    recorded = live.template.annotations.get(ledger.DIGEST, ""), ledger.spec(live.template.annotations)
    if recorded != (release.digest, ledger.asked(env)):
        return ""
    if difference(live.template, desired.service(live, env, release).template):
        return ""
    say(f"{name} is that release already.")
    return name


def ways_home(fleet: Fleet, live: run_v2.Service, name: str) -> tuple[Traffic, ...]:
    """Who serves if a begun revision does not: the others with traffic, itself once verified, else who did before it.

    Every tag stays where it is, but for that of a revision on its way.
    """
    now = traffic.without(traffic.now(live), traffic.candidate(fleet.environment.service))
    own = tuple(replace(each, percent=0) for each in now if each.revision == name and each.tag)
    if others := traffic.others(now, name):
        return (*others, *own)
    if name in ledger.records(live):
        return now
    return (*former(fleet, live, name), *(each for each in now if each.revision != name), *own)


def former(fleet: Fleet, live: run_v2.Service, name: str) -> tuple[Traffic, ...]:
    """All for the last verified other revision that is still there; nothing without one."""
    for each in ledger.records(live):
        if each != name and fleet.revision(each) is not None:
            return (Traffic(each, 100),)
    return ()


def create(fleet: Fleet, arrival: Arrival) -> None:
    """Make the service, with all of the traffic for its first revision, by name."""
    env = fleet.environment
    message = desired.service(None, env, arrival.release, revision=arrival.revision)
    message.traffic = traffic.targets([Traffic(arrival.revision, 100)])
    say(f"Creating {env.service} with {arrival.revision}.")
    arrival.touched = True
    try:
        fleet.create(message)
    except exceptions.Conflict:
        there = fleet.read()
        if there is None or there.template.revision != arrival.revision:
            arrival.touched = arrival.created = False
            fleet.refuse(there)
        fleet.created(message)


def update(fleet: Fleet, arrival: Arrival) -> None:
    """Have the revision come up beside what serves, which is pinned by name with that; a tag leads to it alone."""
    env = fleet.environment

    def edit(service: run_v2.Service) -> None:
        if arrival.made:
            run_v2.Service.copy_from(service, desired.service(service, env, arrival.release, revision=arrival.revision))
        elif "PUBLIC" in env.origins:
            service.invoker_iam_disabled = bool(env.public)
        shares = beside(fleet.known or service, arrival, traffic.candidate(env.service))
        service.traffic = traffic.targets(shares)

    if arrival.made:
        say(f"Bringing {arrival.revision} up.")
    arrival.touched = True
    fleet.change(edit, whole=arrival.made)


def beside(live: run_v2.Service, arrival: Arrival, candidate: str) -> list[Traffic]:
    """The traffic as it is, with the revision under its tag; all of it where nothing else serves."""
    now = traffic.now(live)
    own = traffic.percents(now)[arrival.revision]
    rest = [each for each in now if each.revision != arrival.revision]
    further = [
        replace(each, percent=0)
        for each in now
        if each.revision == arrival.revision and each.tag not in ("", arrival.tag)
    ]
    if not any(each.percent for each in rest):
        own = 100
    return shifting.tagged([*rest, Traffic(arrival.revision, own, arrival.tag), *further], arrival, candidate)


def taken_back(fleet: Fleet, arrival: Arrival) -> None:
    """Undo what was asked, as far as it was done."""
    try:
        with told():
            service = fleet.read()
            if service is not None and arrival.revision in {each.revision for each in service.traffic}:
                undoing.undo(fleet, arrival)
    except DockyardError as error:
        say(str(error.message))
