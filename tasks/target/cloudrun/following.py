"""Lines as they come: by Cloud Logging's tail, and by asking again and again where it does not give one.

Questions are asked beside a tail too, at first and now and then: when a session has begun to listen is not told, and it
may leave out lines. They overlap, and each entry is given once, whichever way it came first.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from google.api_core import exceptions

from ...gcp.faults import message
from ...say import say
from . import entries, selection
from .tailing import End, Page, Tail

if TYPE_CHECKING:
    from .clients import Clients
    from .entries import Entry, Mine

POLL = 2.0  # seconds between two questions where there is no tail: a project has 60 a minute
BESIDE = (0.0, 2.0, 4.0, 60.0)  # seconds between questions beside a tail; the last ever after
OVERLAP = 30.0  # seconds by which an entry may come in after later ones
REOPEN = 1.0  # seconds until a session that has ended is followed by another; doubled each time it ends at once
BUSY = 60.0  # seconds until that is tried again where all sessions of the project are in use
SEEN = 20_000  # entries that are remembered before old ones are forgotten
REFUSED = (exceptions.Forbidden, exceptions.Unauthorized, exceptions.MethodNotImplemented, exceptions.BadRequest)


class Follower:
    """What is written from now on that is `mine`."""

    def __init__(self, clients: Clients, sources: Sequence[str], more: Sequence[str], mine: Mine) -> None:
        self.clients = clients
        self.sources = sources
        self.more = more
        self.mine = mine
        self._seen: dict[tuple[str, int, str], None] = {}
        self._newest = self._from = 0.0  # seconds since 1970
        self._floor: tuple[int, str] | None = None
        self._came = 0  # when the newest of what was shown before had come in, in nanoseconds
        self._tail: Tail | None = None
        self._reopen = REOPEN
        self._said = False

    def follow(self, begin: float, shown: Iterable[Entry], limit: int = 0) -> Iterator[Entry]:
        """What comes in after these entries were `shown`, until the reader closes this.

        Nothing is read from before `begin`, in seconds; what a `limit` has left out stays so.
        """
        self._remember(begin, list(shown), limit)
        try:
            yield from self._forever()
        finally:
            if self._tail:
                self._tail.close()

    def _forever(self) -> Iterator[Entry]:
        tail_at = ask_at = opened = time.monotonic()
        asked = 0
        while True:
            now = time.monotonic()
            if self._tail is None and now >= tail_at:
                self._tail = Tail(self.clients, self._filter(self._newest - OVERLAP))
                ask_at, opened, asked = now, now, 0
            if now >= ask_at:
                yield from self._fresh(entries.read(self.clients, self._filter(self._from), mine=self.mine))
                self._from = max(self._from, self._newest - OVERLAP)
                asked += 1
                ask_at = time.monotonic() + (BESIDE[min(asked, len(BESIDE) - 1)] if self._tail else POLL)
            if self._tail is None:
                time.sleep(max(0.0, min(ask_at, tail_at) - time.monotonic()))
                continue
            event = self._tail.next(ask_at - time.monotonic())
            if isinstance(event, Page):
                yield from self._fresh(each for each in event.entries if self.mine(each))
                ask_at = time.monotonic() if event.suppressed else ask_at
            elif isinstance(event, End):
                self._tail = None
                tail_at = time.monotonic() + self._until_another(event.error, time.monotonic() - opened)
                ask_at = time.monotonic()

    def _until_another(self, error: Exception | None, lasted: float) -> float:
        """Seconds until another session is tried; for ever where it would be refused again."""
        if isinstance(error, REFUSED):
            self._say(error)
            return float("inf")
        if isinstance(error, exceptions.TooManyRequests):
            self._say(error)
            return BUSY
        self._reopen = REOPEN if lasted > BUSY else min(BUSY, self._reopen * 2)
        return self._reopen

    def _say(self, error: Exception) -> None:
        if not self._said:
            say(f"Cloud Logging gives no tail ({message(error)}); it is asked every {POLL:g} s instead.")
        self._said = True

    def _filter(self, since: float) -> str:
        return selection.whole(self.sources, since, *self.more)

    def _remember(self, begin: float, shown: Sequence[Entry], limit: int) -> None:
        self._newest = self._from = begin
        for each in shown:
            self._know(each)
        if limit and len(shown) >= limit:
            self._floor = entries.order(shown[0])
            self._came = max(each.receive_timestamp.ToNanoseconds() for each in shown)
        self._from = max(begin, self._newest - OVERLAP)

    def _know(self, entry: Entry) -> None:
        self._seen[entries.key(entry)] = None
        at, came = entry.timestamp.ToNanoseconds(), entry.receive_timestamp.ToNanoseconds()
        self._newest = max(self._newest, min(at, came or at) / 1e9)  # an application may date its lines in the future
        if len(self._seen) > SEEN:
            old = min(self._from, self._newest - OVERLAP) * 1e9
            self._seen = {key: None for key in self._seen if key[1] >= old}

    def _fresh(self, found: Iterable[Entry]) -> Iterator[Entry]:
        """Those that were not given before, nor left out by the limit."""
        for each in found:
            came = each.receive_timestamp.ToNanoseconds()
            if self._floor and entries.order(each) < self._floor and came <= self._came:
                continue
            if entries.key(each) not in self._seen:
                self._know(each)
                yield each
