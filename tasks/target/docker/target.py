"""The Docker target: every deploy is a new revision of containers behind the service's edge."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ...errors import SettingError
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
from . import (
    absent,
    arriving,
    containers,
    dial,
    following,
    health,
    images,
    leaving,
    ledger,
    logs,
    names,
    network,
    once,
    planning,
    pruning,
    undoing,
)
from .engine import again, host
from .faults import told
from .front import url
from .scaling import scale
from .service import Look, Service, server

if TYPE_CHECKING:
    from ...environment.settings import Check, Environment


class DockerTarget:
    """A service on a Docker engine. See `target.Target` for what each method promises."""

    shifts = True
    keeps_count = False

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.service = Service(environment)

    # Look

    @told()
    def current(self, *, instances: bool = True) -> Current:  # noqa: ARG002 - they come with the look
        """What runs now."""
        return self._current(self.service.look())

    def _current(self, look: Look) -> Current:
        boxes = look.inventory.live(each.revision for each in look.traffic)
        edge = look.inventory.edge
        boxes += [edge] if edge and not edge.running else []  # else it is no news
        return Current(
            revision=look.serving,
            traffic=look.traffic,
            instances=images.instances(self.service.client, boxes),
            url=url(self.environment, host(self.service.client)),
            served=look.edge.served,
        )

    @told()
    def history(self) -> list[Revision]:
        """Every revision known, newest first."""
        return self.service.look().history

    def recent(self) -> Recent:
        """Nothing: the engine keeps no more than what runs and its ledger."""
        return Recent()

    def attest(self, wanted: str) -> list[CheckResult]:  # noqa: ARG002 - the engine has no second opinion
        """Nothing: the engine says all that it knows in `current`."""
        return []

    @told()
    def ask(self, checks: Sequence[Check]) -> list[CheckResult]:
        """Send requests to the edge."""
        return probe.ask(url(self.environment, host(self.service.client)), checks, self.environment.root)

    # Say

    @told()
    def plan(
        self,
        release: Release,
        *,
        force: bool = False,
        traffic_tag: str = "",
        checked: bool = False,  # noqa: ARG002 - the engine validates nothing
    ) -> Plan:
        """The differences between what runs and what the release with these settings would be."""
        planning.refuse_tag(self.environment, traffic_tag)
        if names.WEB in self.environment.processes:
            raise SettingError(
                "PROCESS_WEB would be the service itself, which runs anyway; give the worker another name."
            )
        look = self.service.look()
        current = self._current(look)
        changes = planning.changes(self.environment, release, look.inventory, current, force)
        return Plan(release, tuple(changes), current, leaving.left(look))

    # Act

    @told()
    def apply(self, plan: Plan) -> Rollout:
        """Bring a new revision up at 0 %; on any failure all that it made is removed again."""
        self.service.fence()
        return arriving.apply(self.service, plan)

    @told()
    def restore(self, revision: Revision) -> Rollout:
        """Bring a kept revision up again at 0 %, without a pull."""
        self.service.fence()
        return arriving.restore(self.service, revision)

    @told()
    def wait(self, rollout: Rollout) -> None:
        """Return once the revision is healthy. Raises DeployFailed."""
        self.service.wait(self.service.boxes(rollout.revision))

    @told()
    def alive(self, rollout: Rollout) -> None:
        """Look whether every container of a revision runs, without having been restarted. Raises DeployFailed."""
        health.alive(self.service.client, self.service.boxes(rollout.revision))

    @told()
    def probe(self, check: Check, revision: str) -> CheckResult:
        """Send one request to a revision's first replica, past the edge."""
        asked = f"{check.method} {check.path}"
        box = next((box for box in self.service.boxes(revision, names.WEB) if box.running), None)
        if box is None:
            return CheckResult(check.name, False, f"{asked}: {revision} does not run")
        headers = {**self.service.visitor(), **probe.headers(check, self.environment.root)}
        request = dial.Request(check.method, check.path, headers, check.body.encode())
        timeout = min(self.environment.request_timeout, probe.TIMEOUT)
        try:
            answer = self.service.edge.send(server(box).address, request, timeout)
        except dial.NoAnswer as error:
            return CheckResult(check.name, False, f"{asked} {error}")
        return probe.judge(check, answer.status, answer.body)

    @told()
    def shift(self, traffic: Sequence[Traffic]) -> tuple[Traffic, ...]:
        """Set the traffic, starting what is asleep; all of it for one revision moves the edge to the settings' port."""
        self.service.fence()
        return arriving.shift(self.service, traffic)

    @told()
    def retire(self, rollout: Rollout, only: Collection[str] = ()) -> None:
        """Drain and stop what has neither traffic nor a tag; keep the last verified ones, stopped."""

        def retire() -> None:
            self.service.fence()
            leaving.retire(self.service, rollout, only)

        again(self.service.client, retire)

    @told()
    def undo(self, rollout: Rollout) -> None:
        """Give the traffic back as it was and stop the rollout's revision; its containers stay for a look."""
        undoing.within_reach(self.service, rollout)
        self.service.fence()
        undoing.undo(self.service, rollout)

    @told()
    def verified(self, revision: str, checks: Sequence[CheckResult]) -> None:
        """Record that a revision was read back, healthy and checked."""
        self.service.fence()
        at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        labels = ledger.verified(self.service.name, revision, at, checks)
        self.service.client.api.create_volume(names.verified(revision), labels=labels)

    @told()
    def scale(self, replicas: int) -> Current:
        """Add or remove replicas of the serving revision; new ones get traffic once healthy."""
        self.service.fence()
        scale(self.service, replicas)
        return self.current()

    # Beside it

    def logs(self, query: LogQuery) -> Iterator[LogLine]:
        """Lines in order of time, over a revision's replicas and workers."""
        with told():
            look = self.service.look()
            revision = query.revision or planning.logged(look, previous=query.previous, env=self.environment.name)
            boxes = look.inventory.instances(revision)
            one = query.revision or query.previous
            arrivals = tuple if one else following.Newcomers(self.service.client, look.inventory, revision)
            yield from logs.read(self.service.client, boxes, query, arrivals)

    @told()
    def run_once(self, command: Sequence[str], release: Release) -> int:
        """Run a command in the image, with the service's variables, secrets and network; its exit code."""
        environ = self.service.fleet.environ()
        images.pull(self.service.client, release, self.service.client.address)
        network.ensure(self.service.client, self.service.name)
        left = [box for box in self.service.inventory().boxes if box.role == "once"]
        once.await_left(self.service.client, left, self.environment.deploy_timeout)
        self.service.fence()
        config = containers.once(self.environment, release, environ, command)
        return once.run(self.service.client, self.service.name, config)

    def lock(self, reason: str, *, wait: float = 0.0) -> AbstractContextManager[None]:
        """Hold the service against other releases."""
        return self.service.lock.held(reason, wait)

    @told()
    def holder(self) -> Holder | None:
        """Who holds the service now."""
        return self.service.lock.holder()

    @told()
    def hold(self, reason: str, *, wait: float = 0.0) -> Holder:
        """Hold the service until it is unlocked, without a lease."""
        return self.service.lock.hold(reason, wait)

    @told()
    def unlock(self, held: Holder) -> None:
        """End that lock; whoever has it changes nothing any more."""
        self.service.lock.unlock(held)

    @told()
    def prunable(self, keep: int, pinned: Collection[str]) -> list[Removal]:
        """What could go from the engine; the registry is not touched."""
        return pruning.prunable(self.service, keep, pinned)

    @told()
    def prune(self, removals: Sequence[Removal]) -> list[Removal]:
        """Remove these, without force."""
        self.service.fence()
        return pruning.prune(self.service, removals)

    @told()
    def missing(self) -> list[Missing]:
        """What a deploy would miss."""
        return absent.missing(self.service.client, self.environment, self.service.inventory())
