"""From digest to running: what every platform can do, behind one protocol.

Look (`current`), say (`plan`), act (`apply`, `wait`, `shift`, `undo`), look again (`current`).
Everything here is a value or a signature; the platforms live in sub-packages and are imported
only when an environment names them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

from .values import Change as Change
from .values import CheckResult as CheckResult
from .values import Current as Current
from .values import Deployment as Deployment
from .values import Event as Event
from .values import Holder as Holder
from .values import Instance as Instance
from .values import LogLine as LogLine
from .values import LogQuery as LogQuery
from .values import Missing as Missing
from .values import Plan as Plan
from .values import Recent as Recent
from .values import Release as Release
from .values import Removal as Removal
from .values import Revision as Revision
from .values import Rollout as Rollout
from .values import Served as Served
from .values import Traffic as Traffic

if TYPE_CHECKING:
    from ..environment.settings import Check, Environment


class Target(Protocol):
    """A platform that runs one service. Chosen once, by `of(environment)`.

    Every method raises DockyardError for what an operator can mend. Only `apply`, `wait`, `shift`, `retire`, `undo`,
    `verified`, `run_once`, `scale`, `lock`, `hold`, `unlock` and `prune` change anything; none is called in a dry run.
    """

    shifts: bool
    """Whether traffic moves by `shift` only. False: the platform moves it, by CANARY and BAKE, while `wait` waits."""

    keeps_count: bool
    """Whether a deploy leaves the number of instances as it is where REPLICAS is not written. False: it sets one."""

    def current(self, *, instances: bool = True) -> Current:
        """Look: what runs, read from the platform. Its `instances` only where they are asked for."""

    def recent(self) -> Recent:
        """Look: what happened lately, as far as the platform keeps it apart from what runs."""

    def attest(self, wanted: str) -> list[CheckResult]:
        """What the platform itself says of the serving revision and `wanted`, a digest, beyond what `current` shows."""

    def ask(self, checks: Sequence[Check]) -> list[CheckResult]:
        """Send requests to the service at the address that its users have; unverified where it cannot be reached."""

    def plan(self, release: Release, *, force: bool = False, traffic_tag: str = "", checked: bool = False) -> Plan:
        """Say: the differences between what runs and what `release` with these settings would be.

        `checked` has the platform validate it, where it does that without changing anything. Raises SettingError for a
        traffic tag that the platform cannot have.
        """

    def apply(self, plan: Plan) -> Rollout:
        """Bring the new revision up beside what serves, at 0 % (a very first one may serve at once).

        On any failure or interruption it removes what it made before it raises.
        """

    def restore(self, revision: Revision) -> Rollout:
        """Bring a kept revision up again at 0 %, without a pull; with `created` False."""

    def wait(self, rollout: Rollout) -> None:
        """Return once the revision is healthy, within DEPLOY_TIMEOUT and HEALTH_TIMEOUT.

        Raises DeployFailed with stop reason, exit code and the last 20 log lines.
        """

    def alive(self, rollout: Rollout) -> None:
        """Look whether all instances of a healthy revision still run. Raises DeployFailed, as `wait` does, if not."""

    def probe(self, check: Check, revision: str) -> CheckResult:
        """Send one request to a revision, whether it has traffic or not."""

    def shift(self, traffic: Sequence[Traffic]) -> tuple[Traffic, ...]:
        """Set the traffic (sums to 100) and return it as read back from the platform; that alone where not `shifts`."""

    def retire(self, rollout: Rollout, only: Collection[str] = ()) -> None:
        """Drain (DRAIN_TIMEOUT) and stop what no longer has traffic or a traffic tag; keep what a rollback needs.

        Where revisions are named, `only` those.
        """

    def undo(self, rollout: Rollout) -> None:
        """Give the traffic back as it was and take the rollout's revision away."""

    def verified(self, revision: str, checks: Sequence[CheckResult]) -> None:
        """Record on the platform that this revision was read back, healthy and checked."""

    def history(self) -> Sequence[Revision]:
        """Every revision known, newest first. What is not looked at may not have been asked of the platform yet."""

    def logs(self, query: LogQuery) -> Iterator[LogLine]:
        """Lines in order of time, over all instances."""

    def run_once(self, command: Sequence[str], release: Release) -> int:
        """Run a command in the image with the service's variables; its output goes to standard error. The exit code."""

    def scale(self, replicas: int) -> Current:
        """Change the number of instances of the serving revision."""

    def lock(self, reason: str, *, wait: float = 0.0) -> AbstractContextManager[None]:
        """Hold the service against other releases. Raises Locked after `wait` seconds."""

    def holder(self) -> Holder | None:
        """Who holds the service now; None for nobody."""

    def hold(self, reason: str, *, wait: float = 0.0) -> Holder:
        """Hold the service until `unlock`, without a lease. Raises Locked after `wait` seconds."""

    def unlock(self, held: Holder) -> None:
        """End that lock, whoever has it; its holder changes nothing any more."""

    def prunable(self, keep: int, pinned: Collection[str]) -> list[Removal]:
        """What could go: never what runs, has traffic or a tag, a digest in `pinned`, or the last `keep` verified."""

    def prune(self, removals: Sequence[Removal]) -> list[Removal]:
        """Remove these, as far as nothing needs them by now; what was removed."""

    def missing(self) -> list[Missing]:
        """What `doctor` should say: engine, network, permission, port."""


def of(environment: Environment) -> Target:
    """The environment's target. Raises SettingError where the platform's SDK is not installed."""
    if environment.target == "docker":
        from .docker.target import DockerTarget

        return DockerTarget(environment)
    if environment.target == "ecs":
        from .ecs.target import EcsTarget

        return EcsTarget(environment)
    from .cloudrun.target import CloudRunTarget

    return CloudRunTarget(environment)
