"""The registry on loopback that `local.up` starts: Debian's docker-registry in a container, with deletion."""

from __future__ import annotations

import time
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from docker.errors import APIError, NotFound

from . import bases
from .errors import DockyardError
from .packages import Say
from .target.docker.engine import Engine, host

IMAGE = "dockyard-registry"
LABEL = "dockyard.embedded"
ANSWERS_WITHIN = 20  # seconds
OTHER_PORT = "give IMAGE another port"  # on macOS AirPlay has port 5000


def answers(address: str) -> bool:
    """Whether a registry answers at `HOST:PORT`. Raises DockyardError where something else does."""
    connection = HTTPConnection(address, timeout=5)
    try:
        connection.request("GET", "/v2/")
        answer = connection.getresponse()
    except OSError:  # also RemoteDisconnected: the engine's proxy listens before the container does
        return False
    except HTTPException as error:
        raise DockyardError(
            f"What listens at {address} is no registry ({error!r}): end it, or {OTHER_PORT}."
        ) from error
    finally:
        connection.close()
    if "Docker-Distribution-Api-Version" in answer.headers or answer.status in (200, 401):
        return True
    raise DockyardError(f"What answers {answer.status} at {address} is no registry: end it, or {OTHER_PORT}.")


def name(address: str) -> str:
    """The name of a registry's container and volume: of its own for a port other than 5000."""
    port = address.rpartition(":")[2]
    return IMAGE if port == "5000" else f"{IMAGE}-{port}"


def options(address: str) -> dict[str, Any]:
    """The container of the registry at `HOST:PORT`, as the engine is asked for it."""
    interface, _, port = address.rpartition(":")
    return {
        "name": name(address),
        "detach": True,
        "ports": {"5000/tcp": ("127.0.0.1" if interface == "localhost" else interface.strip("[]"), int(port))},
        "volumes": {name(address): {"bind": "/var/lib/docker-registry", "mode": "rw"}},
        "restart_policy": {"Name": "unless-stopped"},
        "labels": {LABEL: "registry"},
    }


def start(client: Engine, address: str, *, debian: Callable[[], None], ca: Path | None, say: Say) -> None:
    """Start the registry at `HOST:PORT`, made first where it is missing, and return once it answers.

    `debian` waits for the image that it is made from. Raises DockyardError.
    """
    if host(client) != "127.0.0.1":
        raise DockyardError(
            f"IMAGE names a registry at {address}, this machine's loopback, but the engine at {client.address} is on "
            "another: set IMAGE to a repository that both reach."
        )
    try:
        client.containers.get(name(address)).start()
    except NotFound:
        if not bases.has(client, IMAGE):
            debian()
            say("Building the registry ...")
            bases.make(client, IMAGE, "registry", ca=ca)
        client.volumes.create(name(address), labels={LABEL: "registry"})
        run(client, address)
    except APIError as error:
        raise refused(address, error) from error
    deadline = time.monotonic() + ANSWERS_WITHIN
    while not answers(address):
        if time.monotonic() > deadline:
            raise DockyardError(f"The registry at {address} does not answer: see `docker logs {name(address)}`.")
        time.sleep(0.05)


def run(client: Engine, address: str) -> None:
    """Create and start the container; one that does not start is removed. Raises DockyardError."""
    try:
        client.containers.run(IMAGE, **options(address))
    except APIError as error:
        client.containers.get(name(address)).remove(force=True)
        raise refused(address, error) from error


def refused(address: str, error: APIError) -> DockyardError:
    """The sentence for a registry that the engine does not start."""
    return DockyardError(
        f"The registry at {address} does not start: {error.explanation or error}; "
        f"end what has that port, or {OTHER_PORT}."
    )
