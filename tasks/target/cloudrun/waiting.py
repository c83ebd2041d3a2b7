"""Following a rollout to its end by looks at the service itself: its operation tells late, and not over every way.

Ready means that Cloud Run is done (`reconciling` false) with this generation (`observedGeneration`), and that it
succeeded. A failed revision leaves the service failed for as long as it is the last one, whoever serves: that is why a
move of the traffic is judged by the traffic.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from google.cloud import run_v2

from ...errors import DeployFailed
from .. import Traffic
from . import failing, running, traffic
from .service import FRESH

if TYPE_CHECKING:
    from .service import Fleet

FIRST = 0.1  # seconds until the second look
GROWTH = 0.4  # of what it has taken up to now
NEAR = 0.9  # the longest pause while the end is near
LATER = 60.0  # seconds after which a rollout is in no hurry
SLOWEST = 5.0
AGAIN = 0.5  # seconds after which a revision that is watched is looked at again
State = run_v2.Condition.State


def ready(fleet: Fleet, revision: str) -> run_v2.Service:
    """The service once a new revision is ready. Raises DeployFailed, with its last log lines."""
    for service in looks(fleet, f"{revision} did not get ready", revision):
        if service.reconciling or pending(service.terminal_condition):
            continue
        if arrived(service, revision):
            return service
        own = fleet.revision(revision)
        state = condition(own)
        if own is not None and state.state == State.CONDITION_SUCCEEDED:
            if traffic.uri(service, revision) or failed(service.terminal_condition):
                return service
        elif failed(state) or failed(service.terminal_condition):
            told = state if failed(state) else service.terminal_condition
            raise failing.failure(fleet, revision, "did not get ready", told)
    raise AssertionError  # looks() ends by raising


def arrived(service: run_v2.Service, revision: str) -> bool:
    """Whether the service says that all is as it was asked, with that revision as its last."""
    return (
        service.observed_generation == service.generation
        and service.terminal_condition.state == State.CONDITION_SUCCEEDED
        and running.short(service.latest_ready_revision) == revision
    )


def kept(fleet: Fleet, revision: str) -> None:
    """Return once a kept revision is known to be ready. Raises DeployFailed for one that is not, or is gone."""
    known = next((each for each in fleet.revisions() if running.short(each.name) == revision), None)
    for pause in pauses(fleet.environment.deploy_timeout):
        state = condition(known)
        if state.state == State.CONDITION_SUCCEEDED:
            return
        if known is None or failed(state):
            raise failing.failure(fleet, revision, "is not ready, and gets no traffic", state)
        time.sleep(pause)
        known = fleet.revision(revision)
    raise failing.timed_out(fleet, revision, f"{revision} is not ready", condition(known))


def settled(fleet: Fleet, shares: Sequence[Traffic]) -> run_v2.Service:
    """The service once Cloud Run has moved the traffic. Raises DeployFailed where it does not."""
    for service in looks(fleet, "the traffic was not moved"):
        if traffic.reached(service, shares) and (not service.reconciling or upcoming(service)):
            return service
        if service.reconciling:
            continue
        if failed(service.terminal_condition):
            raise failing.refused(fleet, service.terminal_condition)
        if service.observed_generation == service.generation:
            return service
    raise AssertionError  # looks() ends by raising


def upcoming(service: run_v2.Service | run_v2.WorkerPool) -> bool:
    """Whether another revision is on its way, which is what Cloud Run is at for as long as that takes."""
    return bool(service.latest_created_revision != service.latest_ready_revision)


def alive(fleet: Fleet, revision: str) -> None:
    """Look whether a revision still has traffic, and is ready. Raises DeployFailed."""
    service = fleet.lately(AGAIN).service
    if service is None or not traffic.percents(traffic.now(service))[revision]:
        whose = f" by {service.last_modifier}" if service is not None and service.last_modifier else ""
        raise DeployFailed(f"{revision} has no traffic any more: it was taken away{whose}.")
    if failed(service.terminal_condition):
        state = condition(fleet.revision(revision))
        if failed(state):
            raise failing.failure(fleet, revision, "was ready, then failed", state)


def looks(fleet: Fleet, late: str, revision: str = "") -> Iterator[run_v2.Service]:
    """The service as it is seen from the last write on, until DEPLOY_TIMEOUT. Raises DeployFailed then."""
    written = fleet.known.generation if fleet.known else 0
    service = None
    for pause in pauses(fleet.environment.deploy_timeout):
        seen = fleet.seen()
        fresh = seen.service if seen and seen.age < FRESH else None
        service = fresh if fresh is not None and service is None else fleet.reread()
        if service.generation >= written:  # an older one is from a replica that lags behind
            yield service
        time.sleep(pause)
    state = service.terminal_condition if service is not None else run_v2.Condition()
    raise failing.timed_out(fleet, revision, late, state)


def pauses(timeout: float) -> Iterator[float]:
    """Seconds until the next look, again and again until `timeout` seconds are over.

    What has taken long takes longer: up to a minute no pause is longer than 0.9 s.
    """
    began = time.monotonic()
    while (elapsed := time.monotonic() - began) < timeout:
        longest = max(NEAR, min(SLOWEST, NEAR * elapsed / LATER))
        yield max(0.0, min(longest, FIRST + GROWTH * elapsed, timeout - elapsed))


def condition(revision: run_v2.Revision | None) -> run_v2.Condition:
    """A revision's Ready condition; an empty one where it has none."""
    found = revision.conditions if revision is not None else ()
    return next((each for each in found if each.type_ == "Ready"), run_v2.Condition())


def failed(found: run_v2.Condition) -> bool:
    """Whether Cloud Run has given up."""
    return bool(found.state == State.CONDITION_FAILED)


def pending(found: run_v2.Condition) -> bool:
    """Whether Cloud Run is still at it."""
    return found.state in (State.CONDITION_PENDING, State.CONDITION_RECONCILING)
