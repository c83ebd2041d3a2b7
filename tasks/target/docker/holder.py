"""Who holds a service: what the container that is its lock tells, and how that is said."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import docker
from docker.errors import NotFound

from ...errors import DockyardError, Locked
from ...who import user_at_host
from .. import Holder
from . import names, proof, sign
from .engine import clock

ENV, BY, REASON, TOKEN, LEASE = (f"dockyard.{name}" for name in ("env", "by", "reason", "token", "lease"))


@dataclass(frozen=True)
class Found:
    """The lock that is there. `silent` is how long ago its last sign of life was, by the engine's clock."""

    id: str
    env: str
    by: str
    since: str
    reason: str
    token: str
    lease: float  # seconds, 0 for one that lasts until it is released
    sign: float = 0.0
    silent: float = 0.0

    @cached_property
    def lives(self) -> bool | None:
        """Whether this machine knows its holder to live, or to have ended. A lock without a lease needs nobody."""
        return proof.lives(self.token) if self.lease else True

    @property
    def doubtful(self) -> bool:
        """Whether its lease seems to have ended, or its last sign lies ahead: a clock may have jumped, too."""
        return self.lives is None and not -sign.EVERY <= self.silent < self.lease

    @property
    def state(self) -> str:
        """What is held, by whom, since when and why, without a full stop."""
        how, why = "being released" if self.lease else "held", f" ({self.reason})" if self.reason else ""
        return f"{self.env} is {how} by {self.by} since {self.since}{why}"

    def refusal(self, env: str) -> Locked:
        """What to say to a release of this environment that does not get the service, and what it can type."""
        steal = f"inv lock.release --env={env} --steal"
        if not self.lease and self.by == user_at_host():
            way = f"free it with {steal.removesuffix(' --steal')}"
        elif self.lives is None:
            left = f"{self.lease - (0 if self.doubtful else self.silent):.0f} s"
            way = f"wait for it with --wait-lock=60s; if it was killed, its lease ends in {left}, or now with {steal}"
        else:
            way = f"wait for it with --wait-lock=60s, or end it with {steal}"
        return Locked(f"{self.state}: {way}", self.document)

    @property
    def document(self) -> dict[str, object]:
        """The same for programs."""
        return {"by": self.by, "since": self.since, "reason": self.reason}

    def holder(self) -> Holder:
        """The same for verbs."""
        return Holder(
            by=self.by,
            since=self.since,
            reason=self.reason,
            env=self.env,
            lease=self.lease and self.lease - self.silent,
            mine=self.by == user_at_host(),
            dead=self.lives is False,
            id=self.id,
        )


def look(client: docker.DockerClient, service: str) -> Found | None:
    """The service's lock, None where nobody holds it. Raises DockyardError for a container that is no lock."""
    name = names.lock(service)
    try:
        seen = client.api.inspect_container(name)
    except NotFound:
        return None
    labels: dict[str, str] = seen["Config"]["Labels"] or {}
    if labels.get(names.ROLE) != "lock":
        raise DockyardError(
            f"A container called {name} is already there and is not Dockyard's: remove it (`docker rm {name}`)."
        )
    found = Found(
        id=str(seen["Id"]),
        env=labels.get(ENV) or service,
        by=labels.get(BY) or "somebody",
        since=f"{str(seen['Created'])[:19]}Z",
        reason=labels.get(REASON, ""),
        token=labels.get(TOKEN, ""),
        lease=float(labels.get(LEASE) or 0),
    )
    if found.lives is not None:
        return found
    try:
        at = sign.last(client, found.id, str(seen["Created"]))
    except NotFound:
        return None
    return replace(found, sign=at, silent=clock(client) - at)
