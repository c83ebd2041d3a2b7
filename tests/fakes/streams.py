"""Log groups, their streams and events."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from .errors import Refused

ids = itertools.count(38_000_000_000_000_000_000_000_000_000_000_000_001)


@dataclass(frozen=True)
class Event:
    """A line: its own time and that at which it can be read, milliseconds since the epoch."""

    at: int
    message: str
    readable: int
    id: str = field(default_factory=lambda: str(next(ids)))


@dataclass
class Groups:
    """Events by group and stream."""

    found: dict[str, dict[str, list[Event]]] = field(default_factory=dict)
    created: dict[str, int] = field(default_factory=dict)

    def write(self, group: str, stream: str, lines: Iterable[tuple[int, str]], delay: float = 0.0) -> None:
        """Append; group and stream are made where they are missing."""
        self.created.setdefault(group, int(time.time() * 1000))
        events = self.found.setdefault(group, {}).setdefault(stream, [])
        events.extend(Event(at, message, at + int(delay * 1000)) for at, message in lines)

    def group(self, name: str) -> dict[str, list[Event]]:
        if name not in self.found:
            raise Refused("ResourceNotFoundException", "The specified log group does not exist.")
        return self.found[name]

    def stream(self, group: str, name: str) -> list[Event]:
        if name not in self.group(group):
            raise Refused("ResourceNotFoundException", "The specified log stream does not exist.")
        return self.found[group][name]
