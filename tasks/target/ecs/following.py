"""Lines as they come: asked for again and again, in windows that overlap, each of them once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from . import streams
from .workers import side_by_side

if TYPE_CHECKING:
    from .. import LogQuery
    from .events import Events, Mine
    from .streams import Event, Place

POLL = 1.0  # seconds between two questions
OVERLAP = 15.0  # seconds by which an event may come in after later ones
LOOK = 10.0  # seconds between two looks for places that a release has brought


def follow(
    events: Events,
    places: Sequence[Place],
    mine: Mine,
    query: LogQuery,
    begin: float,
    shown: Sequence[Event],
    arrivals: Callable[[], Iterable[Place]],
) -> Iterator[Event]:
    """What is written from now on, without what was `shown`, until the reader closes this.

    Nothing is read from before `begin`, in seconds; `arrivals` gives the places that are written to by then. What
    `--limit` has left out stays so.
    """
    began = events.now + 1  # which is told in whole seconds
    floor = streams.order(shown[0]) if query.limit and len(shown) >= query.limit else None
    seen = {str(each["eventId"]): int(each["timestamp"]) for each in shown}
    known, looked = dict.fromkeys(places), time.monotonic()
    while True:
        asked = time.monotonic()
        begin = max(begin, events.now - OVERLAP)

        def new(place: Place, begin: float = begin) -> list[Event]:
            return events.read(place, mine, int(begin * 1000), pattern=query.filter)

        fresh = [
            each
            for found in side_by_side(new, known)
            for each in found
            if str(each["eventId"]) not in seen and not left_out(each, floor, began)
        ]
        seen = {name: at for name, at in seen.items() if at >= int(begin * 1000)}
        for each in sorted(fresh, key=streams.order):
            seen[str(each["eventId"])] = int(each["timestamp"])
            yield each
        time.sleep(max(0.0, POLL - (time.monotonic() - asked)))
        if time.monotonic() - looked >= LOOK:
            known |= dict.fromkeys(arrivals())
            looked = time.monotonic()


def left_out(event: Event, floor: tuple[int, int, int, str] | None, began: float) -> bool:
    """Whether an event was there when the newest ones were picked, and was not one of them."""
    came = int(event.get("ingestionTime", 0)) / 1000
    return floor is not None and streams.order(event) < floor and came <= began
