"""Where AWS keeps the lock: a parameter of Systems Manager, which PutParameter without Overwrite makes only once.

A lock that ended badly is taken over in three steps, as nothing in Parameter Store can be replaced or deleted on
condition: a second parameter, made without Overwrite as well, admits one process at a time; that one looks at the lock
again and overwrites it; then the version before its own, which never changes any more, shows what it has overwritten.
Was that another lock (its holder woke up, gave it back, and somebody was faster), then that one is put back. A sign of
life is overwritten in the same way, so that it cannot bring back a lock that somebody has ended.

DeleteParameter's documentation asks for 30 s until the name is used again; a lock may seem to be there and not so long.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

from ...errors import DockyardError, NoLock
from .. import lock
from ..holder import Claim, Found
from ..lock import LEASE, POLL, Taken
from . import faults, parameter
from .clients import Clients

KNOWN = 10.0  # seconds that a look at one's own lock is good for
BOOT = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)  # goes on while the machine sleeps


class Lock(lock.Lock):
    """A service's lock in one account and region."""

    def __init__(self, clients: Clients, cluster: str, service: str, env: str) -> None:
        super().__init__(Parameter(clients, parameter.name(cluster, service)), service, env)


class Parameter:
    """The parameter that is a service's lock."""

    every = 30.0  # seconds between two signs of life
    settled = 30.0  # seconds that a name should rest after it was deleted

    def __init__(self, clients: Clients, name: str) -> None:
        self.clients = clients
        self.name = name
        self.stuck = f"The parameter {name} can neither be made nor seen: type the same again in a minute."
        self.told = faults.told
        self.id = self.value = ""  # one's own lock
        self.known = 0.0  # when that was last there
        self.taken = False  # whether somebody has ended it

    def create(self, claim: Claim) -> str:
        """Try to make it. Raises Taken where it is there."""
        at, held = now(), secrets.token_hex(8)
        value = parameter.written(held, claim)
        parameter.make(self.clients.ssm, self.name, held, value)
        return self._have(held, value, at)

    def look(self) -> Found | None:
        """The parameter. Raises DockyardError for one that is no lock."""
        return parameter.look(self.clients.ssm, self.name)

    def take_over(self, found: Found, claim: Claim) -> str:
        """Overwrite the lock of a holder who has ended. Raises Taken where another was faster."""
        at, held = now(), secrets.token_hex(8)
        value = parameter.written(held, claim)
        with self._alone(found, claim):
            if not self._is(found.id) or not self._replaced(held, value, found.id):
                raise Taken
        return self._have(held, value, at)

    def pause(self, found: Found, seconds: float) -> None:
        """Wait until it is another's or nobody's; whoever waits shortly looks himself."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            time.sleep(min(POLL, left))
            if left > POLL and not self._is(found.id):
                return

    def sign(self, held: str) -> bool:
        """Write it anew, which AWS gives the time of."""
        at = now()
        return self._seen(at, there=self._is(held) and self._replaced(held, self.value, held))

    def gone(self, held: str) -> bool:
        """Whether another's is there, or none, or no sign reached AWS for a whole lease; asked now and again only."""
        at = now()
        if self.taken or at - self.known < KNOWN:
            return self.taken
        try:
            with self.told():
                return not self._seen(at, there=self._is(held))
        except NoLock:  # nothing can be known
            return False
        except DockyardError:
            return at - self.known >= LEASE

    def remove(self, held: str) -> None:
        """Delete it, where it is that lock: a look and a deletion, unless one's own was just seen."""
        mine = held == self.id and not self.taken and now() - self.known < KNOWN
        if mine or self._is(held):
            parameter.delete(self.clients.ssm, self.name)

    def _have(self, held: str, value: str, at: float) -> str:
        """Remember one's own lock."""
        self.id, self.value = held, value
        self._seen(at, there=True)
        return held

    def _seen(self, at: float, *, there: bool) -> bool:
        """Remember whether one's own lock was there."""
        self.taken = not there
        if there:
            self.known = at
        return there

    def _is(self, held: str) -> bool:
        """Whether it is that lock."""
        found = self.look()
        return found is not None and found.id == held

    def _replaced(self, mine: str, value: str, before: str) -> bool:
        """Whether one's own lock is there now, in the place of that one before."""
        return parameter.replaced(self.clients.ssm, self.name, mine, value, before)

    @contextmanager
    def _alone(self, found: Found, claim: Claim) -> Iterator[None]:
        """Nobody else takes that lock over until the block ends. Raises Taken where somebody does, once that is done.

        Whoever is killed meanwhile is known to be by the same signs as the holder of a lock with a lease.
        """
        ssm, marker, held = self.clients.ssm, f"{self.name}/taking", secrets.token_hex(8)
        value = parameter.written(held, replace(claim, lease=LEASE))
        try:
            parameter.make(ssm, marker, held, value)
        except Taken:
            other = parameter.look(ssm, marker)
            if other is None or not (other.lives is False or other.doubtful):
                self.pause(found, self.settled)
                raise
            parameter.delete(ssm, marker)
            parameter.make(ssm, marker, held, value)
        try:
            yield
        finally:
            with suppress(DockyardError), self.told():
                parameter.delete(ssm, marker)


def now() -> float:
    """Seconds of a clock that nobody sets and that no sleep of the machine stops."""
    return time.clock_gettime(BOOT)
