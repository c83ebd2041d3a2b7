"""Traffic on its way from one revision to another, and with the last of it the workers."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

from google.cloud import run_v2

from .. import Traffic
from . import pools, traffic, waiting

if TYPE_CHECKING:
    from .arrival import Arrival
    from .service import Fleet


def shift(fleet: Fleet, shares: Sequence[Traffic], arrivals: Mapping[str, Arrival]) -> tuple[Traffic, ...]:
    """Set the traffic by name in one update, and give it as Cloud Run observes it then."""
    arrival = next((arrivals[each.revision] for each in shares if each.revision in arrivals), None)
    wanted = tagged(shares, arrival, traffic.candidate(fleet.environment.service)) if arrival else list(shares)
    if arrival:
        arrival.touched = True
    moved(fleet, wanted)
    percent = traffic.percents(wanted)[arrival.revision] if arrival else 0
    if arrival is None or percent != 100 or not fleet.environment.processes:
        service = waiting.settled(fleet, wanted)
        if arrival:
            arrival.given = percent
        return traffic.now(service)
    over = threading.Event()
    with ThreadPoolExecutor(1) as beside:
        workers = beside.submit(pools.follow, fleet, arrival, over)
        try:
            service = waiting.settled(fleet, wanted)
            workers.result()
        except BaseException:
            over.set()
            raise
    arrival.given = percent
    return traffic.now(service)


def moved(fleet: Fleet, shares: Sequence[Traffic]) -> None:
    """Ask for the traffic; nothing where it was asked for already."""

    def edit(service: run_v2.Service) -> None:
        service.traffic = traffic.targets(shares)

    fleet.change(edit)


def tagged(shares: Sequence[Traffic], arrival: Arrival, candidate: str) -> list[Traffic]:
    """The shares with the tag of a revision that has not all of them yet; Dockyard's own tag ends with the last one."""
    found = []
    for each in shares:
        if each.revision != arrival.revision:
            found.append(replace(each, tag="") if each.tag and each.tag == arrival.tag else each)
        elif each.percent == 100:
            found.append(replace(each, tag="") if each.tag == candidate else each)
        else:
            found.append(replace(each, tag=each.tag or arrival.tag))
    return [each for each in found if each.percent or each.tag or (arrival.made and each.revision == arrival.revision)]
