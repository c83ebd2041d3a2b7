"""What will have happened by a time: actions with a date, done in order when somebody looks."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable

Action = Callable[[float], None]


class Agenda:
    """Actions by date (seconds since the epoch). No thread: they are caught up with at each request."""

    def __init__(self) -> None:
        self._dates: list[tuple[float, int, Action]] = []
        self._order = itertools.count()

    def at(self, when: float, action: Action) -> None:
        """Do `action(when)` once that time has come."""
        heapq.heappush(self._dates, (when, next(self._order), action))

    def catch_up(self, now: float) -> None:
        """Do all that was due by `now`, with the date that each had."""
        while self._dates and self._dates[0][0] <= now:
            when, _, action = heapq.heappop(self._dates)
            action(when)
