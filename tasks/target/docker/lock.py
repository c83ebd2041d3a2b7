"""One release at a time: a container that is never started, because only one can have its name."""

from __future__ import annotations

import io
import tarfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import docker
import requests
from docker.errors import APIError, DockerException, ImageNotFound, NotFound

from ...errors import Locked
from ...who import user_at_host
from . import faults, names
from .engine import clock, instant

LEASE = 600.0  # seconds after the last sign of life
SIGN = 60.0  # seconds between signs of life
POLL = 0.5
TAKING = 10.0  # seconds that taking over a lock may take
IMAGE = ("dockyard-lock", "1")  # empty: a container needs an image, even one that is never started
ALIVE = "/alive"  # a file in the container whose time is the last sign of life


@contextmanager
def held(client: docker.DockerClient, service: str, env: str, reason: str, wait: float) -> Iterator[None]:
    """Hold the service's lock. Raises Locked where somebody else has it for longer than `wait` seconds."""
    with faults.told():
        container = acquire(client, service, env, reason, time.monotonic() + wait)
    released = threading.Event()
    signs = threading.Thread(target=live, args=(client, container, released), daemon=True)
    signs.start()
    try:
        yield
    finally:
        released.set()
        signs.join(10.0)
        with faults.told(), suppress(NotFound):
            client.api.remove_container(container, force=True)


def acquire(client: docker.DockerClient, service: str, env: str, reason: str, deadline: float) -> str:
    """The id of the container that is the lock."""
    labels = {
        names.LABEL: service,
        names.ROLE: "lock",
        "dockyard.env": env,
        "dockyard.by": user_at_host(),
        "dockyard.reason": reason,
    }
    config = {"Image": ":".join(IMAGE), "Cmd": ["lock"], "Labels": labels, "HostConfig": {"NetworkMode": "none"}}
    api: Any = client.api
    while True:
        try:
            return str(api.create_container_from_config(config, names.lock(service))["Id"])
        except ImageNotFound:
            api.import_image_from_data(empty(), repository=IMAGE[0], tag=IMAGE[1])
            continue
        except APIError as error:
            if error.status_code != 409:
                raise
        with suppress(NotFound):
            holder = client.api.inspect_container(names.lock(service))
            left = LEASE - (clock(client) - last_sign(client, holder))
            if left <= 0 and time.monotonic() < deadline + TAKING:
                with suppress(APIError):  # busy, while its holder gives a late sign of life
                    client.api.remove_container(holder["Id"], force=True)
                continue
            if time.monotonic() >= deadline:
                raise Locked(sentence(service, holder, left))
        time.sleep(POLL)


def sentence(service: str, holder: dict[str, Any], left: float) -> str:
    """Who holds the lock, since when, why, and what to do."""
    labels = holder["Config"]["Labels"] or {}
    since = str(holder["Created"])[:19] + "Z"
    reason = f" ({labels['dockyard.reason']})" if labels.get("dockyard.reason") else ""
    return (
        f"{labels.get('dockyard.env') or service} is being released by {labels.get('dockyard.by') or 'somebody'} "
        f"since {since}{reason}: try again when that is done; if it was killed, its lease ends in "
        f"{max(1, round(left / 60))} min, and `docker rm {names.lock(service)}` ends it now."
    )


def last_sign(client: docker.DockerClient, holder: dict[str, Any]) -> float:
    """When the holder was last alive, in seconds of the engine's clock."""
    created = instant(str(holder["Created"]))
    with suppress(NotFound):
        _, stat = client.api.get_archive(holder["Id"], ALIVE)
        return max(created, instant(str(stat["mtime"])))
    return created


def live(client: docker.DockerClient, container: str, released: threading.Event) -> None:
    """Give a sign of life every minute, until the lock is released or somebody took it over."""
    while not released.wait(SIGN):
        try:
            client.api.put_archive(container, "/", sign(clock(client)))
        except NotFound:
            return
        except (DockerException, requests.exceptions.RequestException):
            continue


def sign(at: float) -> bytes:
    """An archive with the file whose time is the sign."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        member = tarfile.TarInfo(ALIVE.lstrip("/"))
        member.mtime = at
        tar.addfile(member)
    return archive.getvalue()


def empty() -> bytes:
    """An image of nothing."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w"):
        pass
    return archive.getvalue()
