"""What verbs and platforms tell each other: values, and nothing that acts."""

from __future__ import annotations

from dataclasses import dataclass


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
class Served:
    """What a revision has answered since the platform began to count. `errors` are answers 5xx and no answers."""

    revision: str
    requests: int
    errors: int


@dataclass(frozen=True)
class Current:
    """What runs now. `revision` is the one with most traffic, None where nothing was deployed yet."""

    revision: Revision | None
    traffic: tuple[Traffic, ...] = ()
    instances: tuple[Instance, ...] = ()
    url: str = ""
    served: tuple[Served, ...] = ()  # by revision; one that is missing the platform does not count
    desired: int | None = None  # how many instances of the service itself should run; None where nobody says
    least: int | None = None  # how many are kept, where the platform itself adds more; None where it does not


@dataclass(frozen=True)
class Event:
    """Something that the platform says it did. `at` is UTC in ISO 8601 with seconds."""

    at: str
    text: str


@dataclass(frozen=True)
class Deployment:
    """A change of revisions as the platform keeps it. `state` is its own word, `detail` counts and reasons."""

    revision: str
    state: str
    detail: str = ""
    at: str = ""


@dataclass(frozen=True)
class Recent:
    """What happened lately, newest first: deployments, instances that stopped and why, and the last events."""

    deployments: tuple[Deployment, ...] = ()
    stopped: tuple[Instance, ...] = ()
    events: tuple[Event, ...] = ()


@dataclass(frozen=True)
class Change:
    """One difference between what runs and what is planned; secrets are already redacted."""

    what: str
    before: str
    after: str


@dataclass(frozen=True)
class Plan:
    """What a deploy would do. No changes: nothing will be done, but what a killed release `left` running is stopped."""

    release: Release
    changes: tuple[Change, ...]
    current: Current
    left: tuple[str, ...] = ()  # revisions without traffic that an earlier release was to stop

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
    """One line of a container's output. `at` is UTC, ISO 8601 with nanoseconds or milliseconds, as it is given.

    `severity` is `ERROR` and the like, "" where the platform knows none.
    """

    at: str
    source: str
    text: str
    severity: str = ""


@dataclass(frozen=True)
class LogQuery:
    """Which lines. `since` is seconds before now (None: from the start); `limit` counts the newest (0: all).

    `filter` keeps lines that contain it, or that match it where the platform has patterns of its own. `previous` asks
    for the revision that served before, or the instance that ended last. `revision` names one ("" is the current one).
    Only lines with one of `sought` matter, or that there is any: a platform that can search may leave out all others.
    """

    follow: bool = False
    since: float | None = None
    filter: str = ""
    limit: int = 100
    previous: bool = False
    revision: str = ""
    sought: tuple[str, ...] = ()


@dataclass(frozen=True)
class CheckResult:
    """`ok` None means unverified: the platform could not tell."""

    name: str
    ok: bool | None
    detail: str = ""


@dataclass(frozen=True)
class Holder:
    """Who holds a service against other releases. `since` is UTC in ISO 8601, `lease` seconds until it ends (0: never).

    `mine` says that it is this user on this machine; `dead`, that the holder is known to have ended; a `lease` below 0
    has ended, as far as clocks can tell. `id` is the platform's own word for this one lock.
    """

    by: str
    since: str
    reason: str = ""
    env: str = ""
    lease: float = 0.0
    mine: bool = False
    dead: bool = False
    id: str = ""


@dataclass(frozen=True)
class Removal:
    """Something that `prune` removes. `kind` is `revision` or `image`; `size` is in bytes, 0 where it is not told."""

    kind: str
    name: str
    why: str
    size: int = 0


@dataclass(frozen=True)
class Missing:
    """Something that `doctor` found absent, and what to type about it. Without `needed` it is only worth knowing."""

    what: str
    mend: str = ""
    needed: bool = True
