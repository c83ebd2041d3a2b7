"""Who gets which requests: servers, weights and traffic tags, as values. Nothing here talks to anything."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from .. import Traffic

HEAVIEST = 256  # HAProxy's own limit of a weight


@dataclass(frozen=True)
class Server:
    """One replica as the edge sees it. `name` is the container's, `address` is `172.18.0.3:8080`."""

    name: str
    revision: str
    address: str
    weight: int = 0


@dataclass(frozen=True)
class Routing:
    """What the edge does with a request. `tags` maps a traffic tag to a revision."""

    servers: tuple[Server, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)

    def of(self, revision: str) -> list[Server]:
        """A revision's servers, in order of name."""
        return sorted((each for each in self.servers if each.revision == revision), key=lambda each: each.name)


def weigh(servers: Iterable[Server], traffic: Sequence[Traffic]) -> Routing:
    """Servers with the weights and tags that the traffic asks for.

    A revision's percentage is shared by its replicas: `percent * lcm(replicas) / replicas`, which is exact
    until it has to be scaled down to 256, and then the nearest.
    """
    servers = tuple(servers)
    replicas = Counter(server.revision for server in servers)
    percent = {each.revision: each.percent for each in traffic if each.percent and replicas[each.revision]}
    common = math.lcm(*(replicas[revision] for revision in percent)) if percent else 1
    exact = {revision: share * common // replicas[revision] for revision, share in percent.items()}
    divisor = math.gcd(*exact.values()) if exact else 1
    exact = {revision: weight // divisor for revision, weight in exact.items()}
    highest = max(exact.values(), default=1)
    scale = min(1.0, HEAVIEST / highest)
    weights = {revision: max(1, round(weight * scale)) for revision, weight in exact.items()}
    return Routing(
        tuple(replace(server, weight=weights.get(server.revision, 0)) for server in servers),
        {each.tag: each.revision for each in traffic if each.tag and replicas[each.revision]},
    )


def traffic(routing: Routing) -> tuple[Traffic, ...]:
    """The shares that weights amount to, the largest first; percentages sum to 100 unless nobody has any."""
    weights = Counter[str]()
    for server in routing.servers:
        weights[server.revision] += server.weight
    total = weights.total()
    exact = {revision: 100 * weight / total for revision, weight in weights.items() if weight}
    percent = {revision: int(share) for revision, share in exact.items()}
    by_remainder = sorted(exact, key=lambda revision: exact[revision] - percent[revision], reverse=True)
    for revision in by_remainder[: 100 - sum(percent.values())] if percent else ():
        percent[revision] += 1
    tags = {revision: tag for tag, revision in routing.tags.items()}
    shares = [Traffic(each, percent.get(each, 0), tags.get(each, "")) for each in sorted({*percent, *tags})]
    return tuple(sorted(shares, key=lambda share: share.percent, reverse=True))


def keeping(routing: Routing, leaving: Iterable[str]) -> Routing:
    """The routing without the servers of these names."""
    gone = set(leaving)
    return replace(routing, servers=tuple(server for server in routing.servers if server.name not in gone))
