"""Cloud Logging's tail, which only gRPC speaks: what is written from now on, buffered to put it in order."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .errors import Refused, invalid
from .logging import Line, Logging
from .routing import stream

if TYPE_CHECKING:
    from .cloud import Cloud

WINDOW = 2.0  # seconds
LONGEST = 60.0
LOOK = 0.1  # seconds between two looks whether the client is still there


@stream("logging", "/google.logging.v2.LoggingServiceV2/TailLogEntries")
def tail(cloud: Cloud, requests: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Raises Refused before the first answer, as Google does."""
    return Session(cloud.logging, requests, next(requests)).pages()


class Session:
    """One tail: where it began, and when it ends."""

    def __init__(self, logging: Logging, requests: Iterator[Any], body: dict[str, Any]) -> None:
        self.logging, self.requests, self.matches = logging, requests, logging.filter(body)
        self.window = float(body.get("bufferWindow", f"{WINDOW}s").removesuffix("s"))
        if not 0 <= self.window <= LONGEST:
            raise invalid("buffer_window must be between 0s and 60s")
        with logging.changed:
            if logging.sessions >= logging.tails:
                raise Refused(429, message=f"Quota exceeded: {logging.tails} tail sessions of this project")
            logging.sessions += 1
        self.at = len(logging.lines)
        self.ends = time.monotonic() + logging.lasts

    @property
    def open(self) -> bool:
        """Whether the client is there, and the session has not lasted long enough."""
        return time.monotonic() < self.ends and getattr(self.requests, "active", True)

    def pages(self) -> Iterator[dict[str, Any]]:
        """What is sent, until the session ends."""
        try:
            while self.open:
                if self._wait():
                    time.sleep(self.window)  # for what arrives late
                found = self._more()
                if found:
                    yield self._page(found)
        finally:
            with self.logging.changed:
                self.logging.sessions -= 1

    def _wait(self) -> bool:
        with self.logging.changed:
            return self.logging.changed.wait_for(lambda: len(self.logging.lines) > self.at, LOOK)

    def _more(self) -> list[Line]:
        with self.logging.changed:
            found, self.at = self.logging.lines[self.at :], len(self.logging.lines)
        return sorted((line for line in found if self.matches(line.entry)), key=lambda line: line.key)

    def _page(self, found: list[Line]) -> dict[str, Any]:
        lost: Counter[str] = Counter()
        while found and self.logging.suppressed:
            reason, count = self.logging.suppressed.popleft()
            gone = min(count, len(found))
            found, lost[reason] = found[gone:], lost[reason] + gone
            if count > gone:
                self.logging.suppressed.appendleft((reason, count - gone))
        told = [{"reason": reason, "suppressedCount": count} for reason, count in lost.items()]
        return {"entries": [line.entry for line in found], **({"suppressionInfo": told} if told else {})}
