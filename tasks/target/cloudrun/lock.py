"""Where Cloud Run keeps the lock: an annotation of the service, written together with the first change of a release.

A lock costs no call of its own: whoever takes one has seen that there is none, and the etag of that look lets his first
write through only while nothing has changed. Who would wait for it has it written at once, as he must know that he has
it. While a service does not exist there is nothing to hold: only one can create it.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ...errors import DockyardError, Locked, Overtaken
from .. import lock
from ..holder import Claim, Found
from ..lock import POLL, Taken
from . import ledger
from .faults import told
from .written import parsed, written

if TYPE_CHECKING:
    from google.cloud import run_v2

    from .service import Fleet

LEASE = 900.0  # seconds after the last sign of life
EVERY = 300.0  # seconds between two signs: each is an update of the service
FORM = "%Y-%m-%dT%H:%M:%SZ"


class Lock(lock.Lock):
    """A service's lock on Cloud Run."""

    lease = LEASE

    def __init__(self, fleet: Fleet) -> None:
        self.annotation = Annotation(fleet)
        super().__init__(self.annotation, fleet.environment.service, fleet.environment.name)

    def acquire(self, reason: str, wait: float, own: str = "") -> str:
        """The id of a lock of one's own; whoever would wait for it gets it written at once."""
        self.annotation.eager = wait > 0
        return super().acquire(reason, wait, own)

    def write(self) -> None:
        """Have the lock there before anything but the service is changed."""
        self.annotation.write()

    def last(self) -> AbstractContextManager[None]:
        """Let the next write take the lock away with what it does."""
        return self.annotation.last()


class Annotation:
    """The annotation that is a service's lock; every write of the service goes by it (see `guard.Guard`)."""

    every = EVERY
    settled = 10.0  # seconds until a lock that was ended is surely gone

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.env = fleet.environment
        self.told = told
        self.stuck = f"The lock of {self.env.service} can neither be had nor seen: type the same again in a minute."
        self.mine: Found | None = None  # one's own lock, or the one to be written
        self.there = False  # whether it was written
        self.over = ""  # the lock of one who has ended, which it replaces
        self.ending = False  # whether the next write takes it away
        self.eager = False  # whether it is written at once: who waits for it must know that he has it
        self._turn = threading.RLock()
        fleet.guard = self

    # What `lock.Lock` asks of a place

    def create(self, claim: Claim) -> str:
        """Claim it. Raises Taken where somebody has it, DockyardError for a lasting one without a service."""
        service = self.fleet.lately().service
        if parsed(service):
            raise Taken
        if service is None and not claim.lease:
            raise DockyardError(
                f"{self.env.service} does not exist yet, so there is nothing to hold: its first deploy makes it, "
                "and only one can."
            )
        return self._claim(claim, over="")

    def look(self) -> Found | None:
        """The lock that is there."""
        return parsed(self.fleet.lately().service)

    def take_over(self, found: Found, claim: Claim) -> str:
        """Claim it in the place of one whose holder has ended. Raises Taken where another was faster."""
        there = parsed(self.fleet.lately().service)
        if there is None or there.id != found.id:
            raise Taken
        return self._claim(claim, over=found.id)

    def pause(self, found: Found, seconds: float) -> None:  # noqa: ARG002 - a look tells whose it is then
        """Wait, and look anew afterwards."""
        time.sleep(min(POLL, seconds))
        self.fleet.forget()

    def sign(self, held: str) -> bool:
        """Write the time of this sign; nothing where the lock itself was not written yet."""
        with self._turn:
            if not self._has(held) or not self.there:
                return True
            assert self.mine is not None
            self.mine = replace(self.mine, sign=time.time())
        try:
            self.fleet.change(nothing)
        except Locked:
            return False
        return True

    def gone(self, held: str) -> bool:
        """Whether the service, as last seen, has it no longer; every write is guarded anyway."""
        if not self.there or not self._has(held):
            return False
        found = parsed(self.fleet.known)
        return found is None or found.id != held

    def remove(self, held: str) -> None:
        """Take it away, or that of the one who has ended; nothing where none was written."""
        with self._turn:
            ended = held
            if self._has(held):
                ended = held if self.there else self.over
                self.mine, self.there, self.over = None, False, ""

        def edit(service: run_v2.Service) -> None:
            found = parsed(service)
            if found and found.id == ended:
                del service.annotations[ledger.LOCK]

        if ended and (self.fleet.known or self.fleet.read()):
            self.fleet.change(edit)

    # What `service.Fleet` asks of a guard

    def carried(self, service: run_v2.Service) -> None:
        """Put the lock into a message, or take it out where that is the last one. Raises Locked for another's."""
        if self.mine is None:
            return
        self._refuse(service)
        if self.ending:
            service.annotations.pop(ledger.LOCK, None)
        else:
            service.annotations[ledger.LOCK] = written(self.mine)

    def written(self, service: run_v2.Service) -> None:
        """Know that a message with or without the lock was stored."""
        found = parsed(service)
        self.there = bool(self.mine and found and found.id == self.mine.id)
        if self.there:
            self.over = ""

    def conflict(self, known: run_v2.Service, fresh: run_v2.Service, *, whole: bool) -> None:
        """Judge a service that was changed meanwhile. Raises Locked, or DockyardError where nothing was written yet."""
        self._refuse(fresh)
        if fresh.generation != known.generation and (whole or (self.mine and not self.there)):
            raise Overtaken(
                f"{self.env.service} was changed meanwhile by {fresh.last_modifier or 'somebody'}; this release has "
                f"not changed it. Type the same again; inv status --env={self.env.name} shows what serves."
            )

    # What the target asks

    def write(self) -> None:
        """Write it now, where there is a service to write it to."""
        if self.mine and not self.there and self.fleet.lately().service:
            self.fleet.change(nothing)

    @contextmanager
    def last(self) -> Iterator[None]:
        """Let the writes of the block take it away; one that follows would bring it back."""
        self.ending = True
        try:
            yield
        finally:
            self.ending = False

    def _claim(self, claim: Claim, over: str) -> str:
        since, held = datetime.now(UTC).strftime(FORM), secrets.token_hex(8)
        mine = Found(claim.env, claim.by, claim.reason, claim.token, claim.lease, held, since, sign=time.time())
        with self._turn:
            self.mine, self.there, self.over = mine, False, over
        if self.eager or not claim.lease:
            self._write_first()
        if not claim.lease:
            self.mine = None  # it is the service's from now on, and no process needs it
        return held

    def _write_first(self) -> None:
        """Write the lock before anything else. Raises Taken where somebody was faster."""
        try:
            self.write()
        except BaseException as error:
            if self.mine and not isinstance(error, Exception):  # interrupted, but written
                with suppress(DockyardError), told():
                    self.remove(self.mine.id)
            self.mine = None
            self.fleet.forget()
            if isinstance(error, Locked | Overtaken):
                raise Taken from None
            raise

    def _has(self, held: str) -> bool:
        return self.mine is not None and self.mine.id == held

    def _refuse(self, service: run_v2.Service) -> None:
        """Raise Locked where another's lock is there, or one's own is no longer."""
        if self.mine is None:
            return
        found = parsed(service)
        if found and found.id not in (self.mine.id, self.over):
            raise self._lost(found) if self.there else found.refusal(self.env.name)
        if found and found.id == self.mine.id:  # though the answer to that write was lost
            self.there = True
        if self.there and not found:
            raise self._lost(None)

    def _lost(self, found: Found | None) -> Locked:
        why = found.state if found else "somebody ended it"
        return Locked(
            f"The lock was taken away from this release: {why}. It changes nothing any more and leaves "
            f"{self.env.service} as it is; inv status --env={self.env.name} shows what serves.",
            found.document if found else None,
        )


def nothing(service: run_v2.Service) -> None:
    """No change but the lock itself."""
