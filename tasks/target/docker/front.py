"""The address under which the world reaches a service."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from ...environment.settings import Environment


@dataclass(frozen=True)
class Front:
    """The interface and port of the engine's host that the edge publishes; `timeout` of a request in seconds."""

    interface: str
    port: int
    timeout: float = 300.0

    @property
    def published(self) -> str:
        """`0.0.0.0:8080`."""
        return f"{self.interface}:{self.port}"


def front(environment: Environment) -> Front:
    """The port of URL, else PORT, on every interface; only on loopback where URL names a loopback host.

    `http://` without a port is 80. `https://` without one ends elsewhere, in front of the edge: PORT.
    """
    timeout = environment.request_timeout
    if not environment.url:
        return Front("0.0.0.0", environment.port, timeout)  # noqa: S104
    url = urlsplit(environment.url)
    port = url.port or (80 if url.scheme == "http" else environment.port)
    interface = "127.0.0.1" if loopback(url.hostname or "") else "0.0.0.0"  # noqa: S104
    return Front(interface, port, timeout)


def parse(published: str, timeout: float) -> Front:
    """A front by what it publishes."""
    interface, _, port = published.rpartition(":")
    return Front(interface, int(port), timeout)


def loopback(host: str) -> bool:
    """Whether a host name means the machine itself."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def url(environment: Environment, host: str) -> str:
    """Where the service answers: URL, else the engine's host and PORT."""
    return environment.url.rstrip("/") or f"http://{host}:{environment.port}"


def host_header(environment: Environment, host: str) -> tuple[str, str]:
    """The `Host` and the scheme that a visitor's request carries, for requests that go past the edge."""
    public = urlsplit(url(environment, host))
    return public.netloc.rpartition("@")[2], public.scheme
