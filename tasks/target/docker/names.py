"""What a service's objects on an engine are called, and how they are found again."""

from __future__ import annotations

import re
import secrets
import string
from collections.abc import Iterable

LABEL = "dockyard.service"  # on everything that belongs to a service
ROLE = "dockyard.role"  # instance, edge, once, lock; of a volume: record, verified, edge
WEB = "web"  # the process that answers requests


def network(service: str) -> str:
    """The network that a service's revisions and its edge share."""
    return f"dockyard-{service}"


def edge(service: str) -> str:
    """The container that owns the published port."""
    return f"{service}-edge"


def edge_volume(service: str) -> str:
    """The volume with the edge's configuration: it outlives the container."""
    return f"dockyard-{service}-edge"


def record(revision: str) -> str:
    """The volume whose labels keep who, when and what after the containers are gone."""
    return f"dockyard-{revision}"


def verified(revision: str) -> str:
    """The volume whose labels say that a revision was verified, when, and by which checks."""
    return f"dockyard-{revision}-verified"


def lock(service: str) -> str:
    """The container whose name only one release can hold."""
    return f"{service}-lock"


def once(service: str) -> str:
    """A container for one command."""
    return f"{service}-run-{suffix()}"


def revision(service: str, known: Iterable[str]) -> str:
    """The next revision: `api-00008-x1f` after `api-00007-abc`."""
    highest = max((number(service, each) for each in known), default=0)
    return f"{service}-{highest + 1:05}-{suffix()}"


def number(service: str, revision: str) -> int:
    """A revision's number, 0 for a name that is none of this service's."""
    found = re.fullmatch(re.escape(service) + r"-(\d{5,})-[a-z0-9]{3}", revision)
    return int(found[1]) if found else 0


def instance(revision: str, process: str, replica: int) -> str:
    """One container of a revision: `api-00007-abc`, `api-00007-abc-2`, `api-00007-abc-worker`."""
    if process != WEB:
        return f"{revision}-{process}"
    return revision if replica == 1 else f"{revision}-{replica}"


def owner(instance: str) -> str:
    """The revision that a replica belongs to: `api-00007-abc` of `api-00007-abc-2`, there or gone."""
    found = re.fullmatch(r"(.+-\d{5,}-[a-z0-9]{3})(?:-\d+)?", instance)
    return found[1] if found else instance


def suffix() -> str:
    """Three random lower-case letters or digits."""
    return "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(3))
