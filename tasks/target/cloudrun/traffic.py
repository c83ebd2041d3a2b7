"""Shares of the requests, always by a revision's name: what is pinned so stays where it is put."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from google.cloud import run_v2

from ...errors import SettingError
from .. import Traffic
from . import running

if TYPE_CHECKING:
    from ...environment.settings import Environment

CANDIDATE = "candidate"  # the tag of a revision that has not all of the traffic yet, where the user names no other
LONGEST = 46  # characters of a tag and the service's name together: both are in one label of a host name
TAG = re.compile(r"[a-z](?:[a-z0-9-]*[a-z0-9])?")
BY_NAME = run_v2.TrafficTargetAllocationType.TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION


def candidate(service: str) -> str:
    """The tag of a new revision of a service; "" for one whose name is so long that it can have none."""
    return CANDIDATE[: max(0, LONGEST - len(service))]


def refuse_tag(environment: Environment, tag: str) -> None:
    """Raise SettingError for a traffic tag that Cloud Run does not take."""
    if tag and not TAG.fullmatch(tag):
        raise SettingError(
            f"--traffic-tag={tag} is no traffic tag of Cloud Run: write lower-case letters, digits and hyphens, "
            "beginning with a letter."
        )
    if tag and len(tag) + len(environment.service) > LONGEST:
        raise SettingError(
            f"--traffic-tag={tag} and SERVICE={environment.service} have more than {LONGEST} characters together; "
            "shorten the tag."
        )


def targets(shares: Iterable[Traffic]) -> list[run_v2.TrafficTarget]:
    """Shares as Cloud Run is asked for them."""
    return [
        run_v2.TrafficTarget(type_=BY_NAME, revision=each.revision, percent=each.percent, tag=each.tag)
        for each in shares
    ]


def now(service: run_v2.Service) -> tuple[Traffic, ...]:
    """Who has the traffic by name, with its tags; nobody while no revision was ever ready."""
    return running.traffic(service)


def reached(service: run_v2.Service, shares: Sequence[Traffic]) -> bool:
    """Whether the traffic, as Cloud Run observes it, is what was asked for."""
    seen = now(service)
    return percents(seen) == percents(shares) and tags(seen) == tags(shares)


def percents(shares: Iterable[Traffic]) -> Counter[str]:
    """The percent of each revision that has some."""
    found = Counter[str]()
    for each in shares:
        if each.percent:
            found[each.revision] += each.percent
    return found


def tags(shares: Iterable[Traffic]) -> dict[str, str]:
    """The revision of each tag."""
    return {each.tag: each.revision for each in shares if each.tag}


def without(shares: Iterable[Traffic], tag: str) -> tuple[Traffic, ...]:
    """The same without a tag; what has nothing else is left out."""
    stripped = (replace(each, tag="") if each.tag == tag else each for each in shares)
    return tuple(each for each in stripped if each.percent or each.tag)


def others(shares: Sequence[Traffic], revision: str) -> tuple[Traffic, ...]:
    """The shares of all others in their proportion, as if that revision had none; nobody where none has any."""
    rest = [each for each in shares if each.revision != revision]
    total = sum(each.percent for each in rest)
    if not total:
        return ()
    scaled = [replace(each, percent=100 * each.percent // total) for each in rest]
    most = max(range(len(scaled)), key=lambda at: scaled[at].percent)
    left = 100 - sum(each.percent for each in scaled)
    scaled[most] = replace(scaled[most], percent=scaled[most].percent + left)
    return tuple(scaled)


def uri(service: run_v2.Service, revision: str) -> str:
    """The address that leads to one revision only: its tag's, or the service's own where it has all traffic."""
    if percents(now(service))[revision] == 100:
        return str(service.uri)
    mine = (each.uri for each in service.traffic_statuses if each.tag and each.revision == revision and each.uri)
    return next(mine, "")
