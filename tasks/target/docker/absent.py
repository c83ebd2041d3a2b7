"""What a deploy would miss on the engine, for `doctor`: said before anything is released."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

from ...environment.secrets import resolve
from ...errors import SettingError
from .. import Missing
from . import engine, names
from .front import front, loopback
from .inventory import Inventory

if TYPE_CHECKING:
    from ...environment.settings import Environment


def missing(client: engine.Engine, environment: Environment, found: Inventory) -> list[Missing]:
    """What is absent: a free port, a readable secret, an engine that is new enough."""
    return [*version(client), *port(client, environment, found), *secrets(environment)]


def version(client: engine.Engine) -> list[Missing]:
    """API 1.41 is that of Docker 20.10, the oldest that this was tried with."""
    about = client.version()
    if tuple(map(int, about["ApiVersion"].split("."))) < (1, 41):
        return [Missing(f"Docker {about['Version']} at {client.address} is too old", "install Docker 20.10 or newer")]
    return []


def port(client: engine.Engine, environment: Environment, found: Inventory) -> list[Missing]:
    """The published port, free or the edge's own already."""
    where = front(environment)
    if found.edge and found.edge.running and found.edge.front == where.published:
        return []
    containers: list[dict[str, Any]] = client.api.containers()
    for each in containers:
        if any(binding.get("PublicPort") == where.port for binding in each["Ports"] or ()):
            name = each["Names"][0].lstrip("/")
            if name == names.edge(environment.service):
                return []
            return [Missing(f"port {where.port} is published by the container {name}", mend(name))]
    if loopback(engine.host(client)) and taken(where.interface, where.port):
        return [Missing(f"port {where.port} is in use on this machine", mend("what has it"))]
    return []


def mend(name: str) -> str:
    """What to do about a port that is taken."""
    return f"stop {name}, or set another port in URL (or PORT, without URL)"


def taken(interface: str, port: int) -> bool:
    """Whether a program of this machine listens there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((interface, port))
        except PermissionError:
            return False  # a low port that only the engine may open
        except OSError:
            return True
    return False


def secrets(environment: Environment) -> list[Missing]:
    """References that lead nowhere on this machine."""
    found = []
    for name, reference in environment.secrets.items():
        try:
            resolve(reference, environment.root)
        except SettingError as error:
            found.append(Missing(f"SECRET_{name}", str(error.message)))
    return found
