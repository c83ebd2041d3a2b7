"""What Cloud Run says of a service lately: its last revisions, and every condition that is not as it should be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from google.cloud import run_v2

from .. import Deployment, Event, Recent
from ..words import iso
from . import running
from .running import SUCCEEDED, short

if TYPE_CHECKING:
    from .service import Fleet, Look

SHOWN = 5  # revisions
SERVING, READY = "serving", "ready"
QUIET = (run_v2.Condition.Severity.INFO,)  # what a condition is about that has done no harm
RETIRED = run_v2.Condition.RevisionReason.RETIRED


def recent(fleet: Fleet) -> Recent:
    """The last revisions and their states, and conditions that are not OK as events; the newest first."""
    look = fleet.lately()
    if look.service is None:
        return Recent()
    revisions = fleet.revisions()[:SHOWN]
    shares = {each.revision for each in running.traffic(look.service) if each.percent}
    listed = [deployment(each, serving=short(each.name) in shares) for each in revisions]
    told = sorted(events(look, revisions), key=lambda each: each.at, reverse=True)
    return Recent(deployments=tuple(listed), events=tuple(dict.fromkeys(told)))


def deployment(revision: run_v2.Revision, *, serving: bool) -> Deployment:
    """One revision: that it serves, is ready, or Cloud Run's reason why it is neither, with its own sentence."""
    state, detail = running.condition(revision.conditions)
    state = (SERVING if serving else READY) if state == running.RUNNING else state
    return Deployment(short(revision.name), state, detail, iso(revision.create_time))


def events(look: Look, revisions: Iterable[run_v2.Revision]) -> Iterator[Event]:
    """What is wrong, or still under way, with the service, its worker pools and its last revisions."""
    service = look.service
    assert service is not None
    yield from told(short(service.name), [service.terminal_condition, *service.conditions])
    shares = [f"{each.revision} {each.percent} %" for each in running.traffic(service) if each.percent]
    newest = running.overlooked(service)
    if newest and shares:
        text = f"the traffic is pinned to {', '.join(shares)}; {newest} is newer, and has none"
        yield Event(iso(service.update_time), text)
    for pool in look.pools.values():
        yield from told(short(pool.name), [pool.terminal_condition, *pool.conditions])
    for each in revisions:
        yield from told(short(each.name), each.conditions)


def told(name: str, conditions: Iterable[run_v2.Condition]) -> Iterator[Event]:
    """The conditions that are not OK and say why; a revision that is retired is as it should be."""
    for each in conditions:
        if each.state in (SUCCEEDED, 0) or each.severity in QUIET or each.revision_reason == RETIRED:
            continue
        if each.message:
            text = f"{name}: {each.type_} {running.reason(each)}: {each.message}"
            yield Event(iso(each.last_transition_time), text)
