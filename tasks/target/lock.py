"""One release at a time: a lock that somebody has or nobody, and whose holder may be killed at any moment."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Protocol

from ..errors import DockyardError, Locked, NoLock
from ..say import say
from ..who import user_at_host
from . import proof
from .holder import Claim, Found
from .values import Holder
from .watch import Watch

LEASE = 90.0  # seconds after the last sign of life
POLL = 1.0  # seconds between two looks at a holder; that he is done is noticed at once


class Taken(Exception):
    """Somebody has it."""


class Place(Protocol):
    """Where a service's lock lies on a platform, which lets only one have it. `id` is the platform's name for one lock.

    Raises DockyardError, or what `told` makes one of; NoLock where this user may not use locks at all.
    """

    every: float
    """Seconds between two signs of life."""
    settled: float
    """Seconds until the platform surely lets a lock be made where one has ended."""
    stuck: str
    """The sentence for a platform that does not."""

    def told(self) -> AbstractContextManager[None]:
        """Turn the platform's exceptions into sentences."""

    def create(self, claim: Claim) -> str:
        """The id of a new lock. Raises Taken where there is one."""

    def look(self) -> Found | None:
        """The lock that is there."""

    def take_over(self, found: Found, claim: Claim) -> str:
        """The id of one's own lock in the place of one whose holder has ended. Raises Taken for another's."""

    def pause(self, found: Found, seconds: float) -> None:
        """Wait until that lock is gone, for so many seconds at most."""

    def sign(self, held: str) -> bool:
        """Give a sign of life; False where that lock is there no longer."""

    def gone(self, held: str) -> bool:
        """Whether one's own lock is known to be there no longer."""

    def remove(self, held: str) -> None:
        """End that lock, if it is there; a later one is left alone."""


class Lock:
    """A service's lock, as one process sees it; `id` is the platform's name for it while this process holds it."""

    lease = LEASE
    """Seconds after the last sign of life until it ends by itself."""

    def __init__(self, place: Place, service: str, env: str) -> None:
        self.place = place
        self.service = service
        self.env = env
        self.id = ""
        self.ended = ""  # the token of the holder before, who ended without giving it back
        self.warned = False  # that there is none

    @contextmanager
    def held(self, reason: str, wait: float = 0.0) -> Iterator[None]:
        """Hold the service until the block ends. Raises Locked where somebody else has it for longer than `wait`.

        Where this user may not use locks, that is said once, and the block does without.
        """
        with proof.taken() as own:
            try:
                with self.place.told():
                    self.id = self.acquire(reason, wait, own)
            except NoLock as error:
                if not self.warned:
                    say(f"{self.service} is released without a lock. {error.message}")
                self.warned = True
            except Locked:
                proof.forget(own)
                raise
            try:
                with self.living():
                    yield
            finally:
                proof.forget(self.ended)
                if self.give_back():
                    proof.forget(own)

    def hold(self, reason: str, wait: float = 0.0) -> Holder:
        """Hold the service without a lease, after this process has ended too. Raises Locked."""
        with self.place.told():
            held = self.acquire(reason, wait)
            proof.forget(self.ended)
            found = self.place.look()
        if found is None or found.id != held:
            raise Locked(f"{self.env} was taken away again at once: see inv lock --env={self.env}.")
        return found.holder()

    def holder(self) -> Holder | None:
        """Who holds it. Raises NoLock where that cannot be known."""
        with self.place.told():
            found = self.place.look()
        return found.holder() if found else None

    def unlock(self, held: Holder) -> None:
        """End that lock, whoever has it; a later one is left alone."""
        with self.place.told():
            self.place.remove(held.id)

    def fence(self) -> None:
        """Raise Locked where the lock that this process took is no longer there; one who took none may go on.

        A platform that does not answer is told by what follows, which knows what was begun.
        """
        if self.id and self.place.gone(self.id):
            raise self.lost()

    def lost(self) -> Locked:
        """What to say where the lock was taken away meanwhile."""
        found, why = None, "somebody ended it, or this machine slept for longer than its lease"
        try:
            with self.place.told():
                found = self.place.look()
        except DockyardError as error:
            why = f"it could not be renewed ({str(error.message).rstrip('.')})"
        if found:
            why = found.state
        return Locked(
            f"The lock was taken away from this release: {why}. It changes nothing any more and leaves "
            f"{self.service} as it is; inv status --env={self.env} shows what serves.",
            found.document if found else None,
        )

    def acquire(self, reason: str, wait: float, own: str = "") -> str:
        """The id of a lock of one's own: with a lease and a token, or without both. Raises Locked."""
        claim = Claim(self.env, user_at_host(), reason, own, self.lease if own else 0.0)
        deadline = time.monotonic() + wait
        watch, tried, found = Watch(), "", None
        while True:
            if found is None:
                with suppress(Taken):
                    return self.place.create(claim)
            found = self.look()
            left = deadline - time.monotonic()
            if found is None:
                if left < -self.place.settled:
                    raise DockyardError(self.place.stuck)
                time.sleep(self.place.settled / 200)
                continue
            ended = watch.ended(found)
            if ended and found.id != tried:
                tried = found.id
                with suppress(Taken):
                    return self.take_over(found, claim)
            elif left <= 0 and (ended or not watch.doubts(found)):
                raise found.refusal(self.env)
            else:
                watch.tell(found, left)
                self.place.pause(found, min(POLL, left) if left > 0 else POLL)

    def look(self) -> Found | None:
        """The lock that keeps this process from making one. Raises Locked where it may not look at it."""
        try:
            return self.place.look()
        except NoLock as error:
            raise Locked(f"Somebody holds {self.service}, and who does is not to be seen. {error.message}") from None

    def take_over(self, found: Found, claim: Claim) -> str:
        """Have it in the place of a holder who has ended himself. Raises Taken where another was faster."""
        held = self.place.take_over(found, claim)
        self.ended = found.token
        say(f"{found.state}, who has ended: that lock was taken away.")
        return held

    @contextmanager
    def living(self) -> Iterator[None]:
        """Give signs of life until the block ends, or the lock is gone. One that the platform does not take is none."""
        held, over = self.id, threading.Event()

        def live() -> None:
            while not over.wait(self.place.every):
                with suppress(DockyardError), self.place.told():
                    if not self.place.sign(held):
                        return

        signs = threading.Thread(target=live, daemon=True)
        if held:
            signs.start()
        try:
            yield
        finally:
            over.set()
            if held:
                signs.join(self.place.every)

    def give_back(self) -> bool:
        """Release it; whether that worked. A failure changes no outcome: the lock ends by itself."""
        held, self.id = self.id, ""
        try:
            with self.place.told():
                if held:
                    self.place.remove(held)
        except DockyardError as error:
            say(f"The lock of {self.service} ends by itself within {self.lease:.0f} s. {error.message}")
            return False
        return True
