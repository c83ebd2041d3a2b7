"""A service's network, with an address of its own for every container.

An address that stays with its container through a crash, a restart and a reboot of the engine is what lets
the edge know a revision by it: the engine gives a restarted container the lowest free address otherwise,
which can be another revision's of a moment ago.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

import docker
from docker.errors import APIError, NotFound
from docker.types import IPAMConfig, IPAMPool

from ...errors import DockyardError
from . import names
from .faults import explanation


def exists(client: docker.DockerClient, service: str) -> bool:
    """Whether a service has a network."""
    try:
        client.api.inspect_network(names.network(service))
    except NotFound:
        return False
    return True


def ensure(client: docker.DockerClient, service: str) -> str:
    """The network's subnet (`172.18.0.0/16`), once there is one. Raises DockyardError."""
    name = names.network(service)
    try:
        found = client.api.inspect_network(name)
    except NotFound:
        return create(client, service)
    if (found.get("Labels") or {}).get(names.LABEL) != service:
        raise DockyardError(
            f"There is a network {name} which is not Dockyard's: remove it (`docker network rm {name}`) or rename it."
        )
    config: dict[str, str] = found["IPAM"]["Config"][0]
    if "IPRange" not in config:  # whoever made it was killed before it was made anew with a subnet of its own
        client.api.remove_network(found["Id"])
        return create(client, service)
    return config["Subnet"]


def start(client: docker.DockerClient, service: str, container: str, address: Callable[[str], str]) -> None:
    """Start a container, where its network was removed by hand on one made anew. `address` gives its own in a subnet.

    Raises DockyardError where that has other addresses.
    """
    try:
        client.api.start(container)
    except NotFound as error:
        if "network" not in explanation(error):
            raise
        subnet, name = ensure(client, service), names.network(service)
        own = address(subnet)
        if ipaddress.ip_address(own) not in ipaddress.ip_network(subnet):
            raise DockyardError(
                f"The network {name} was removed, and has other addresses now, {subnet}: what was on it before cannot "
                "come back. Deploy its image anew, with inv rollback --digest=."
            ) from error
        with suppress(APIError):
            client.api.disconnect_container_from_network(container, name, force=True)
        client.api.connect_container_to_network(container, name, ipv4_address=own)
        client.api.start(container)


def create(client: docker.DockerClient, service: str) -> str:
    """Make the network. The engine chooses the subnet; saying it anew lets containers have fixed addresses in it."""
    name, labels = names.network(service), {names.LABEL: service, names.ROLE: "network"}
    for attempt in range(5):
        chosen = client.api.create_network(name, driver="bridge", check_duplicate=True, labels=labels)
        config: dict[str, Any] = client.api.inspect_network(chosen["Id"])["IPAM"]["Config"][0]
        client.api.remove_network(chosen["Id"])
        subnet = config["Subnet"]
        pool = IPAMPool(subnet=subnet, gateway=config.get("Gateway"), iprange=upper_half(subnet))
        try:
            client.api.create_network(
                name, driver="bridge", check_duplicate=True, labels=labels, ipam=IPAMConfig(pool_configs=[pool])
            )
        except APIError as error:
            if attempt == 4 or "overlap" not in str(error.explanation):
                raise
            continue
        return str(subnet)
    raise AssertionError("unreachable: the last attempt returns or raises")


def upper_half(subnet: str) -> str:
    """The half in which the engine may choose addresses itself, for containers that others attach."""
    return str(list(ipaddress.IPv4Network(subnet).subnets(1))[1])


def edge_address(subnet: str) -> str:
    """The edge's own address: the next after the gateway's."""
    return str(ipaddress.IPv4Network(subnet).network_address + 2)


def free(subnet: str, taken: Iterable[str], count: int) -> list[str]:
    """The lowest addresses of the lower half, after the edge's, that nobody has. Raises DockyardError."""
    used = set(taken)
    upper = ipaddress.IPv4Network(upper_half(subnet))
    found: list[str] = []
    address = ipaddress.IPv4Address(edge_address(subnet)) + 1
    while len(found) < count and address not in upper:
        if str(address) not in used:
            found.append(str(address))
        address += 1
    if len(found) == count:
        return found
    raise DockyardError(
        f"The network {subnet} has no {count} free addresses: remove old revisions, or ask for less REPLICAS."
    )
