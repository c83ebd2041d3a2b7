"""The ECS target: every deploy is a new task definition of a service that exists, and ECS moves the traffic."""

from __future__ import annotations

import time
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
    probe,
)
from ..words import iso
from . import (
    arriving,
    attest,
    history,
    ledger,
    logs,
    once,
    plans,
    pruning,
    recent,
    returning,
    running,
    scaling,
    service,
    together,
)
from .clients import Clients
from .faults import told
from .lock import Lock
from .manifests import Manifests
from .rolling import Rolling
from .service import WEB
from .workers import Fleet, Looks

if TYPE_CHECKING:
    from ...environment.settings import Check, Environment

FRESH = 0.5  # seconds for which a look need not be taken again by the next step of the same verb


class EcsTarget:
    """A service on ECS, and its workers. See `target.Target` for what each method promises."""

    shifts = False
    keeps_count = True

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.clients = Clients(environment.region)
        self.fleet = Fleet(self.clients, environment)
        self.manifests = Manifests(environment.region)
        self._planned: plans.Planned | None = None
        self._looks: Looks | None = None
        self._rollings: dict[str, list[Rolling]] = {}  # by the main revision of a rollout under way

    @cached_property
    def _lock(self) -> Lock:
        return Lock(self.clients, self.environment.cluster, self.environment.service, self.environment.name)

    def _look(self) -> Looks:
        self._looks = self.fleet.look()
        return self._looks

    def _lately(self) -> Looks:
        """What a step of the same verb has just seen, else another look."""
        found = self._looks
        return found if found and time.monotonic() - found.at < FRESH else self._look()

    # Look

    @told()
    def current(self, *, instances: bool = True) -> Current:
        """What runs now."""
        looks = self._look() if instances else self._lately()
        if not instances:
            return running.current(self.fleet, looks)
        tasks = running.instances(self.clients.ecs, self.manifests, self.environment, self.fleet.names, looks.owners)
        return running.current(self.fleet, looks, tasks)

    @told()
    def history(self) -> Sequence[Revision]:
        """Every revision known, newest first; each page is read when it is looked at."""
        main = self._look().main
        shares = {each.revision: each.percent for each in main.traffic}
        family = self.environment.task_family or main.definition.family
        return history.history(self.fleet.catalog, self.environment, family, shares)

    @told()
    def recent(self) -> Recent:
        """Deployments, tasks that stopped, and the last events."""
        owners = self._lately().owners
        return recent.recent(self.clients.ecs, self.environment, self.fleet.names, owners)

    @told()
    def attest(self, wanted: str) -> list[CheckResult]:
        """What ECS says of its own deployment and service revision."""
        return attest.attest(self.clients.ecs, self.environment, self.manifests, self._lately().entries, wanted)

    def ask(self, checks: Sequence[Check]) -> list[CheckResult]:
        """Send requests to the service's URL."""
        return probe.ask(self.environment.url, checks, self.environment.root)

    # Say

    @told()
    def plan(
        self,
        release: Release,
        *,
        force: bool = False,
        traffic_tag: str = "",  # noqa: ARG002 - none here
        checked: bool = False,  # noqa: ARG002 - ECS validates nothing
    ) -> Plan:
        """The differences between what runs and what the release with these settings would be."""
        plans.forget(self.fleet, self._planned)
        self._planned = plans.plan(self.fleet, self._look(), release, force=force)
        return self._planned.plan

    # Act

    @told()
    def apply(self, plan: Plan) -> Rollout:
        """Register what is not registered, and ask for it; on any failure all that was asked is taken back."""
        self._lock.fence()
        planned = self._planned
        assert planned is not None
        assert planned.plan is plan
        looks = planned.looks if planned.fresh else self._look()
        parts = arriving.rollings(self.fleet, looks, plan, force=planned.force, scaled=planned.scaled)
        return self._begin(parts, arriving.rollout(parts, plan.release, created=True))

    @told()
    def restore(self, revision: Revision) -> Rollout:
        """Ask for a kept revision again."""
        self._lock.fence()
        looks = self._look()
        arriving.refuse_others(looks)
        parts = returning.rollings(self.fleet, looks, revision)
        return self._begin(parts, arriving.rollout(parts, revision.release, created=False))

    def _begin(self, parts: list[Rolling], rollout: Rollout) -> Rollout:
        self._lock.fence()
        self._rollings[rollout.revision] = parts
        self._looks = None
        together.begin(parts, self.environment.deploy_timeout)
        return rollout

    @told()
    def wait(self, rollout: Rollout) -> None:
        """Return once ECS says that the deployments have succeeded. Raises DeployFailed."""
        together.wait(self._rollings[rollout.revision], self.environment.deploy_timeout)

    @told()
    def alive(self, rollout: Rollout) -> None:
        """Look whether all tasks still run. Raises DeployFailed."""
        together.alive(self._rollings[rollout.revision], self._lately().entries)

    def probe(self, check: Check, revision: str) -> CheckResult:  # noqa: ARG002 - a task of ECS has no address of its own
        """Send one request to the service's URL: the revision serves there by now."""
        return self.ask([check])[0]

    @told()
    def shift(self, traffic: Sequence[Traffic]) -> tuple[Traffic, ...]:
        """The traffic as it is: ECS has moved it."""
        under_way = self._rollings.get(traffic[0].revision) if traffic else None
        entry = under_way[0].lately() if under_way else self.fleet.entries()[WEB]
        return service.traffic(entry)

    def retire(self, rollout: Rollout, only: Collection[str] = ()) -> None:
        """Nothing: ECS has drained and stopped what served before, and a rollback needs its task definition."""

    @told()
    def undo(self, rollout: Rollout) -> None:
        """Have the service and its workers run what they ran before."""
        self._lock.fence()
        self._looks = None
        together.undo(self._rollings.get(rollout.revision, ()), self.environment.deploy_timeout)

    @told()
    def verified(self, revision: str, checks: Sequence[CheckResult]) -> None:
        """Record that a revision was read back, healthy and checked."""
        self._lock.fence()
        found = self.fleet.catalog.find(revision)
        assert found is not None
        self.fleet.catalog.tag(found, ledger.verified(iso(datetime.now(UTC)), checks))

    @told()
    def scale(self, replicas: int) -> Current:
        """Change the number of tasks, unless an autoscaling target owns it."""
        scaling.scale(self.fleet.services[WEB], replicas, self.environment.deploy_timeout, self._lock.fence)
        return self.current()

    # Beside it

    def logs(self, query: LogQuery) -> Iterator[LogLine]:
        """Lines in order of time, over a revision's tasks and workers."""
        with told():
            yield from logs.read(self.fleet, query, self._looks if query.revision else None)

    @told()
    def run_once(self, command: Sequence[str], release: Release) -> int:
        """Run a command in the image as a task with the service's network; its exit code."""
        self._lock.fence()
        looks = self._lately()
        arriving.refuse_others(looks)
        found = arriving.definition(self.fleet, self.fleet.services[WEB], looks.main, release)
        return once.run(self.fleet, looks.main.raw, found, command)

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
        """The task definitions that could be deregistered; images and the registry are not touched."""
        return pruning.prunable(self.fleet.catalog, self.environment, self.fleet.names, keep, pinned)

    @told()
    def prune(self, removals: Sequence[Removal]) -> list[Removal]:
        """Deregister these."""
        self._lock.fence()
        return pruning.prune(self.fleet.catalog, self.environment, self.fleet.names, removals)

    @told()
    def missing(self) -> list[Missing]:
        """What a deploy would miss."""
        from . import absent

        return absent.missing(self.fleet)
