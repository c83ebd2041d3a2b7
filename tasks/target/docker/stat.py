"""What HAProxy says of itself: `show stat` and `show map`, read back."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from .. import Served
from .haproxy import FORM, tagged_by
from .names import owner
from .routing import Routing, Server


@dataclass(frozen=True)
class Stat:
    """The routing that HAProxy has, the configuration's form, and by server: sessions under way, what was answered."""

    routing: Routing = field(default_factory=Routing)
    form: str = ""
    sessions: Mapping[str, int] = field(default_factory=dict)
    served: tuple[Served, ...] = ()


def leaving(stat: str) -> bool:
    """Whether `show stat` comes from a process that another one has taken over from, in a reload."""
    return "\npublic,FRONTEND," in stat and ",OPEN," not in stat.partition("\npublic,FRONTEND,")[2].partition("\n")[0]


def parse(stat: str, tags: str) -> Stat:
    """Read both answers back. A server in maintenance is one that is going."""
    rows = list(csv.DictReader(io.StringIO(stat.lstrip("# "))))
    servers = [row for row in rows if row["svname"] not in ("FRONTEND", "BACKEND")]
    sessions: dict[str, int] = {}
    for row in servers:
        sessions[row["svname"]] = sessions.get(row["svname"], 0) + int(row["scur"] or 0)
    found = dict(line.split(" ", 2)[1:] for line in tags.splitlines() if line.count(" ") >= 2)
    shared = tuple(
        Server(row["svname"], owner(row["svname"]), row["addr"], int(row["weight"]))
        for row in servers
        if row["pxname"] == "shared" and not row["status"].startswith("MAINT")
    )
    return Stat(Routing(shared, tagged_by(found)), found.get(FORM, ""), sessions, counted(servers))


def counted(servers: Iterable[Mapping[str, str]]) -> tuple[Served, ...]:
    """What each revision has answered: to everybody, and to those who came by its traffic tag.

    `req_tot` are requests that a server took, `econ` those that it could not be given after all tries; errors are
    answers 5xx, answers that broke off (`eresp`) and requests that could not be given.
    https://docs.haproxy.org/2.6/management.html#9.1
    """
    total: dict[str, tuple[int, int]] = {}
    for row in servers:
        taken, refused, broken, failed = (int(row[key] or 0) for key in ("req_tot", "econ", "eresp", "hrsp_5xx"))
        requests, errors = total.get(owner(row["svname"]), (0, 0))
        total[owner(row["svname"])] = (requests + taken + refused, errors + failed + broken + refused)
    return tuple(Served(revision, *counts) for revision, counts in total.items())
