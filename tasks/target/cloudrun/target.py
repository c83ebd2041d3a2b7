"""The Cloud Run target: every deploy is a new revision, and traffic moves by its name only."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from .. import (
    CheckResult,
    Current,
    Holder,
    LogLine,
    LogQuery,
    Missing,
    Plan,
    Recent,
    Release,
    Removal,
    Revision,
    Rollout,
    Traffic,
)
from . import arriving, history, ledger, plans, reaching, returning, running, shifting, undoing, waiting
from .arrival import Arrival
from .clients import Clients
from .faults import told
from .lock import Lock
from .service import Fleet

if TYPE_CHECKING:
    from google.cloud import run_v2

    from ...environment.settings import Check, Environment


class CloudRunTarget:
    """A service on Cloud Run, and its worker pools. See `target.Target` for what each method promises."""

    shifts = True
    keeps_count = True

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.clients = Clients(environment.project, environment.region)
        self.fleet = Fleet(self.clients, environment)
        self._planned: plans.Planned | None = None
        self._arrivals: dict[str, Arrival] = {}  # by revision, of the rollouts under way

    @cached_property
    def _lock(self) -> Lock:
        return Lock(self.fleet)

    # Look

    @told()
    def current(self, *, instances: bool = True) -> Current:
        """What runs now; how many requests it has answered only where somebody watches that."""
        counted = instances and (bool(self._arrivals) or self.environment.max_error_rate is not None)
        return running.current(self.fleet, self.fleet.lately(), counted=counted)

    @told()
    def history(self) -> Sequence[Revision]:
        """Every revision known, newest first."""
        return history.history(self.fleet)

    @told()
    def recent(self) -> Recent:
        """What Cloud Run says of its service and of the last revisions."""
        from . import recent

        return recent.recent(self.fleet)

    @told()
    def attest(self, wanted: str) -> list[CheckResult]:
        """What Cloud Run says of its own rollout."""
        from . import attest

        return attest.attest(self.fleet, self.fleet.lately(), wanted)

    @told()
    def ask(self, checks: Sequence[Check]) -> list[CheckResult]:
        """Send requests to URL, else to the service's own address."""
        return reaching.ask(self.environment, self.fleet.lately().service, checks)

    # Say

    @told()
    def plan(self, release: Release, *, force: bool = False, traffic_tag: str = "", checked: bool = False) -> Plan:
        """The differences between what runs and what the release with these settings would be."""
        self._planned = plans.plan(self.fleet, release, force=force, tag=traffic_tag, checked=checked)
        return self._planned.plan

    # Act

    @told()
    def apply(self, plan: Plan) -> Rollout:
        """Bring a new revision up at 0 %, or the service itself with it; on any failure the traffic is given back."""
        planned = self._planned
        assert planned is not None
        assert planned.plan is plan
        self._lock.fence()
        return self._begun(arriving.arrive(self.fleet, planned), plan.release, created=True)

    @told()
    def restore(self, revision: Revision) -> Rollout:
        """A kept revision: Cloud Run has it ready, and starts its instances with the first requests."""
        self._lock.fence()
        return self._begun(returning.begin(self.fleet, revision), revision.release, created=False)

    def _begun(self, arrival: Arrival, release: Release, *, created: bool) -> Rollout:
        self._arrivals[arrival.revision] = arrival
        return Rollout(arrival.revision, release, arrival.before, created=created)

    @told()
    def wait(self, rollout: Rollout) -> None:
        """Return once the revision is ready, and answers on its own address. Raises DeployFailed."""
        arrival = self._arrivals[rollout.revision]
        if arrival.made:
            waiting.ready(self.fleet, rollout.revision)
        else:
            waiting.kept(self.fleet, rollout.revision)
        if rollout.created:
            reaching.healthy(self.fleet, rollout.revision)

    @told()
    def alive(self, rollout: Rollout) -> None:
        """Look whether Cloud Run still has the revision ready and in the traffic. Raises DeployFailed."""
        waiting.alive(self.fleet, rollout.revision)

    @told()
    def probe(self, check: Check, revision: str) -> CheckResult:
        """Send one request to a revision's own address, which it has by a traffic tag, or where it has all traffic."""
        return reaching.probe(self.environment, self.fleet.lately().service, check, revision)

    @told()
    def shift(self, traffic: Sequence[Traffic]) -> tuple[Traffic, ...]:
        """Set the traffic by name and read it back; with all of it for a rollout's revision its workers follow."""
        self._lock.fence()
        return shifting.shift(self.fleet, traffic, self._arrivals)

    def retire(self, rollout: Rollout, only: Collection[str] = ()) -> None:
        """Nothing: a revision without traffic has no instances, and a rollback needs it."""

    @told()
    def undo(self, rollout: Rollout) -> None:
        """Give traffic, tags and workers back as they were; a service that this rollout made is deleted again."""
        self._lock.fence()
        undoing.undo(self.fleet, self._arrivals[rollout.revision])

    @told()
    def verified(self, revision: str, checks: Sequence[CheckResult]) -> None:
        """Record on the service that a revision was read back, healthy and checked; the lock ends with that."""
        at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        arrival = self._arrivals[revision]

        def edit(service: run_v2.Service) -> None:
            ledger.verified(service, revision, at, checks, digest=arrival.release.digest, spec=arrival.spec)

        with self._lock.last():
            self.fleet.change(edit)

    @told()
    def scale(self, replicas: int) -> Current:
        """Change the number of instances."""
        from . import scaling

        scaling.scale(self.fleet, replicas, self._lock.fence)
        return self.current()

    # Beside it

    def logs(self, query: LogQuery) -> Iterator[LogLine]:
        """Lines in order of time, over a revision's instances and workers."""
        from . import logs

        with told():
            yield from logs.read(self.fleet, query)

    @told()
    def run_once(self, command: Sequence[str], release: Release) -> int:
        """Run a command in the image as an execution of a job; its exit code."""
        from . import once

        self._lock.fence()
        self._lock.write()
        return once.run(self.fleet, release, command)

    def lock(self, reason: str, *, wait: float = 0.0) -> AbstractContextManager[None]:
        """Hold the service against other releases."""
        return self._lock.held(reason, wait)

    @told()
    def holder(self) -> Holder | None:
        """Who holds the service now."""
        return self._lock.holder()

    @told()
    def hold(self, reason: str, *, wait: float = 0.0) -> Holder:
        """Hold the service until it is unlocked, without a lease."""
        return self._lock.hold(reason, wait)

    @told()
    def unlock(self, held: Holder) -> None:
        """End that lock; whoever has it changes nothing any more."""
        self._lock.unlock(held)

    @told()
    def prunable(self, keep: int, pinned: Collection[str]) -> list[Removal]:
        """The revisions that could be deleted; images and the registry are not touched."""
        from . import pruning

        return pruning.prunable(self.fleet, keep, pinned)

    @told()
    def prune(self, removals: Sequence[Removal]) -> list[Removal]:
        """Delete these."""
        from . import pruning

        self._lock.fence()
        self._lock.write()
        return pruning.prune(self.fleet, removals)

    @told()
    def missing(self) -> list[Missing]:
        """What a deploy would miss."""
        from . import absent

        return absent.missing(self.fleet)
