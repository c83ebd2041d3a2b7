"""From digest to running: what every platform can do, behind one protocol.

Look (`current`), say (`plan`), act (`apply`, `wait`, `shift`, `undo`), look again (`current`).
Everything here is a value or a signature; the platforms live in sub-packages and are imported
only when an environment names them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ..errors import SettingError

if TYPE_CHECKING:
    from ..environment.settings import Check, Environment


@dataclass(frozen=True)
class Release:
    """What is to serve, and who says so.

    `image` is a repository without tag, `digest` is `sha256:…` as the registry has it, `at` is UTC in
    ISO 8601 with seconds (`2026-11-21T22:24:27Z`).
    """

    image: str
    digest: str
    tag: str = ""
    git_sha: str = ""
    by: str = ""
    at: str = ""
    note: str = ""

    @property
    def reference(self) -> str:
        """The pinned name: `repository@sha256:…`."""
        return f"{self.image}@{self.digest}"


@dataclass(frozen=True)
class Traffic:
    """A share of the requests. `percent` is 0 to 100; `tag` is a traffic tag ("" is none)."""

    revision: str
    percent: int
    tag: str = ""


@dataclass(frozen=True)
class Revision:
    """A release as the platform keeps it."""

    name: str
    release: Release
    verified: bool = False
    running: bool = False
    percent: int = 0
    traffic_tag: str = ""
    startable: bool = True  # False: only its record is left, a rollback would have to pull
    spec: str = ""  # what the settings asked of it; one digest and one spec are one release, whatever the revision


@dataclass(frozen=True)
class Instance:
    """One container (task, instance) of a revision. `state` is the platform's own word.

    `digest` is what it really runs, read from the platform; "" where the platform cannot tell.
    """

    name: str
    revision: str
    process: str  # "web", or the lower-case NAME of a PROCESS_<NAME>
    state: str
    digest: str = ""
    detail: str = ""  # stop reason, exit code, restarts


@dataclass(frozen=True)
class Current:
    """What runs now. `revision` is the one with most traffic, None where nothing was deployed yet."""

    revision: Revision | None
    traffic: tuple[Traffic, ...] = ()
    instances: tuple[Instance, ...] = ()
    url: str = ""


@dataclass(frozen=True)
class Change:
    """One difference between what runs and what is planned; secrets are already redacted."""

    what: str
    before: str
    after: str


@dataclass(frozen=True)
class Plan:
    """What a deploy would do. No changes: nothing will be done."""

    release: Release
    changes: tuple[Change, ...]
    current: Current

    @property
    def previous(self) -> str:
        """The name of the revision that serves before the deploy ("" for a first deploy)."""
        return self.current.revision.name if self.current.revision else ""


@dataclass(frozen=True)
class Rollout:
    """A change under way: the revision that comes up, and the traffic to return to if it fails.

    `created` is False where a kept revision is brought back (a rollback): an undo stops it again
    rather than removing it.
    """

    revision: str
    release: Release
    before: tuple[Traffic, ...]
    created: bool = True


@dataclass(frozen=True)
class LogLine:
    """One line of a container's output. `at` is UTC, ISO 8601 with nanoseconds as the engine gives it."""

    at: str
    source: str
    text: str


@dataclass(frozen=True)
class LogQuery:
    """Which lines. `since` is seconds before now (None: from the start); `limit` counts the newest (0: all).

    `filter` keeps lines that contain it. `previous` asks for the revision that served before.
    `revision` names one ("" is the current one).
    """

    follow: bool = False
    since: float | None = None
    filter: str = ""
    limit: int = 100
    previous: bool = False
    revision: str = ""


@dataclass(frozen=True)
class CheckResult:
    """`ok` None means unverified: the platform could not tell."""

    name: str
    ok: bool | None
    detail: str = ""


@dataclass(frozen=True)
class Missing:
    """Something that `doctor` found absent, and what to type about it."""

    what: str
    mend: str = ""


class Target(Protocol):
    """A platform that runs one service. Chosen once, by `of(environment)`.

    Every method raises DockyardError for what an operator can mend. Only `apply`, `wait`, `shift`, `retire`,
    `undo`, `verified`, `run_once`, `scale` and `lock` change anything; none of them is called in a dry run.
    """

    def current(self) -> Current:
        """Look: what runs, read from the platform."""

    def plan(self, release: Release, *, force: bool = False, traffic_tag: str = "") -> Plan:
        """Say: the differences between what runs and what `release` with these settings would be.

        Raises SettingError for a traffic tag that the platform cannot have.
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

    def probe(self, check: Check, revision: str) -> CheckResult:
        """Send one request to a revision, whether it has traffic or not."""

    def shift(self, traffic: Sequence[Traffic]) -> tuple[Traffic, ...]:
        """Set the traffic (sums to 100) and return it as read back from the platform."""

    def retire(self, rollout: Rollout) -> None:
        """Drain (DRAIN_TIMEOUT) and stop what no longer has traffic or a traffic tag; keep what a rollback needs."""

    def undo(self, rollout: Rollout) -> None:
        """Give the traffic back as it was and take the rollout's revision away."""

    def verified(self, revision: str, checks: Sequence[CheckResult]) -> None:
        """Record on the platform that this revision was read back, healthy and checked."""

    def history(self) -> list[Revision]:
        """Every revision known, newest first."""

    def logs(self, query: LogQuery) -> Iterator[LogLine]:
        """Lines in order of time, over all instances."""

    def run_once(self, command: Sequence[str], release: Release) -> int:
        """Run a command in the image with the service's variables; its output goes to standard error. The exit code."""

    def scale(self, replicas: int) -> Current:
        """Change the number of instances of the serving revision."""

    def lock(self, reason: str, *, wait: float = 0.0) -> AbstractContextManager[None]:
        """Hold the service against other releases. Raises Locked after `wait` seconds."""

    def missing(self) -> list[Missing]:
        """What `doctor` should say: engine, network, permission, port."""


def of(environment: Environment) -> Target:
    """The environment's target. Raises SettingError for one that this version cannot release to."""
    if environment.target == "docker":
        from .docker.target import DockerTarget

        return DockerTarget(environment)
    raise SettingError(
        f"TARGET={environment.target} of env/{environment.name}.env is not released to by this version, "
        f"TARGET=docker is; inv doctor --env={environment.name} checks and explains it."
    )
