"""Who holds a service: what its lock tells, wherever that lies, and how that is said."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from ..errors import Locked
from ..who import user_at_host
from . import proof
from .values import Holder


@dataclass(frozen=True)
class Claim:
    """What whoever takes a lock writes into it."""

    env: str
    by: str
    reason: str
    token: str  # proof of life on one machine
    lease: float  # seconds, 0 for one that lasts until it is released


@dataclass(frozen=True)
class Found(Claim):
    """The lock that is there. `silent` is how long ago its last sign of life was, by the platform's clock."""

    id: str
    since: str
    sign: float = 0.0
    silent: float = 0.0
    every: float = 0.0  # seconds between two signs; 0 where the platform's clock is believed without watching for them

    @cached_property
    def lives(self) -> bool | None:
        """Whether this machine knows its holder to live, or to have ended. A lock without a lease needs nobody."""
        return proof.lives(self.token) if self.lease else True

    @property
    def doubtful(self) -> bool:
        """Whether its lease seems to have ended, or its last sign lies ahead: a clock may have jumped, too."""
        return self.lives is None and not -self.every <= self.silent < self.lease

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
