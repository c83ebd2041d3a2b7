"""How many requests each revision has answered, and how many of them badly: by Cloud Run's own log of requests.

Cloud Monitoring counts them too, but tells of a minute only after the next one has gone, which is longer than a canary
is watched, and its client is none of Dockyard's dependencies. The log has a request after a second or two.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from google.api_core import exceptions

from ...errors import Unreadable
from ...say import say
from .. import Served
from . import entries, selection

if TYPE_CHECKING:
    from ...environment.settings import Environment
    from .clients import Clients
    from .entries import Entry
    from .service import Fleet

FRESH = 5.0  # seconds between two looks: a project has 60 reads of its logs a minute
BACK = 600.0  # seconds before the first look that are counted too
OVERLAP = 15.0  # seconds by which an entry may come in after later ones
MOST = 5000  # requests that one look reads; of more, the first ones tell the share of errors as well as all
BAD = 500  # an answer of this status or a higher one is an error; none at all has 0 or 504
_KNOWN: WeakKeyDictionary[Fleet, Counts] = WeakKeyDictionary()


def of(fleet: Fleet) -> Counts:
    """The counts of a service, kept from one look to the next."""
    return _KNOWN.setdefault(fleet, Counts(fleet.clients, fleet.environment))


class Counts:
    """What was answered since ten minutes before this was first asked, by revision; added to with each look."""

    def __init__(self, clients: Clients, environment: Environment) -> None:
        self.clients = clients
        self.environment = environment
        self._requests: Counter[str] = Counter()
        self._errors: Counter[str] = Counter()
        self._seen: dict[tuple[str, int, str], None] = {}
        self._from: float | None = None
        self._looked = float("-inf")
        self._denied = False
        self._lock = threading.Lock()

    def served(self, revisions: Sequence[str]) -> tuple[Served, ...]:
        """What these revisions have answered; nothing where the log may not be read."""
        with self._lock:
            if time.monotonic() - self._looked >= FRESH and not self._denied:
                self._look()
                self._looked = time.monotonic()
            if self._denied:
                return ()
            return tuple(Served(name, self._requests[name], self._errors[name]) for name in revisions)

    def _look(self) -> None:
        began = time.time()
        if self._from is None:
            self._from = began - BACK
        it = self.environment
        source = selection.service(it.service, it.region)
        asked = selection.whole([source], self._from, selection.requests(it.project))
        newest, read = self._from, 0
        try:
            for entry in islice(entries.read(self.clients, asked, patient=False), MOST):
                read += 1
                self._add(entry)
                newest = max(newest, min(entry.timestamp.ToNanoseconds() / 1e9, began))
        except Unreadable as error:
            if isinstance(error.__cause__, exceptions.TooManyRequests | exceptions.ServerError):
                return  # the next look counts what this one did not
            self._denied = True
            say(f"How many requests fail is not counted: {error.message}")
            return
        self._from = began if read == MOST else max(self._from, newest - OVERLAP)
        self._seen = {key: None for key in self._seen if key[1] >= self._from * 1e9}

    def _add(self, entry: Entry) -> None:
        key = entries.key(entry)
        if key in self._seen:
            return
        self._seen[key] = None
        name = entry.resource.labels.get("revision_name", "")
        self._requests[name] += 1
        self._errors[name] += entry.http_request.status >= BAD or entry.http_request.status == 0
