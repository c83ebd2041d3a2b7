"""What one execution of a job writes, shown on standard error as it comes."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...errors import Unreadable
from ...say import say
from . import entries, selection

if TYPE_CHECKING:
    from .clients import Clients
    from .entries import Entry

POLL = 2.0  # seconds between two questions: a project has 60 a minute
OVERLAP = 10.0  # seconds by which an entry may come in after later ones
PAUSE, SHORTER = 1.0, 0.25  # seconds between two looks for what is still on its way
QUIET = 4.0  # seconds without a line after which nothing is
SHORT = 0.75  # the same once Cloud Run itself has told of the end
LONGEST = 30.0
ENDED = re.compile(r"Container called exit\(-?\d+\)\.|Container terminated on signal \d+\.")


class Output:
    """The lines of one execution, from its beginning on; each once."""

    def __init__(self, clients: Clients, job: str, execution: str) -> None:
        self.clients = clients
        self.source = selection.execution(job, clients.region, execution)
        self.wrong = ""  # why nothing can be read
        self.ended = False  # whether Cloud Run has told that the container ended
        self._since = time.time() - 60.0
        self._seen: set[tuple[str, int, str]] = set()
        self._next = 0.0

    def show(self) -> int:
        """Say the lines that have come since the last look, if that is some time ago; how many."""
        if time.monotonic() < self._next:
            return 0
        count = self.now()
        self._next = time.monotonic() + POLL
        return count

    def now(self) -> int:
        """Say the lines that have come; how many. A log that cannot be read is said once."""
        fresh = [] if self.wrong else [each for each in self._read() if entries.key(each) not in self._seen]
        for each in fresh:
            self._seen.add(entries.key(each))
            self._since = max(self._since, each.timestamp.ToNanoseconds() / 1e9 - OVERLAP)
            line = entries.text(each)
            self.ended = self.ended or bool(ENDED.search(line))
            say(line)
        return len(fresh)

    def drain(self) -> None:
        """Show what is still on its way from a container that has ended."""
        began = last = time.monotonic()
        while not self.wrong and time.monotonic() - began < LONGEST:
            if self.now():
                last = time.monotonic()
            if time.monotonic() - last >= (SHORT if self.ended else QUIET):
                return
            time.sleep(SHORTER if self.ended else PAUSE)

    def _read(self) -> Sequence[Entry]:
        try:
            return list(entries.read(self.clients, selection.whole([self.source], self._since)))
        except Unreadable as error:
            self.wrong = str(error.message)
            say(f"Its output is not shown: {self.wrong}")
            return []
