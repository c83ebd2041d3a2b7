"""Where an engine keeps the lock: a container that is never started, because only one can have its name."""

from __future__ import annotations

import io
import tarfile
from contextlib import suppress
from dataclasses import replace
from typing import Any

import docker
import requests
from docker.errors import APIError, DockerException, ImageNotFound, NotFound

from ...errors import DockyardError
from .. import lock
from ..holder import Claim, Found
from ..lock import Taken
from . import faults, names, sign
from .engine import clock

IMAGE = ("dockyard-lock", "1")  # empty: a container needs an image, even one that is never started
ENV, BY, REASON, TOKEN, LEASE = (f"dockyard.{name}" for name in ("env", "by", "reason", "token", "lease"))


class Lock(lock.Lock):
    """A service's lock on an engine."""

    def __init__(self, client: docker.DockerClient, service: str, env: str) -> None:
        super().__init__(Container(client, service), service, env)
        self.client = client


class Container:
    """The container that is a service's lock."""

    every = 10.0  # seconds between two signs of life
    settled = 10.0  # seconds that the engine may need to remove the lock of one who has ended

    def __init__(self, client: docker.DockerClient, service: str) -> None:
        self.client = client
        self.service = service
        self.name = names.lock(service)
        self.stuck = f"The engine does not let {self.name} go: restart it."
        self.told = faults.told

    def create(self, claim: Claim) -> str:
        """Try to have the name. Raises Taken where somebody has."""
        labels = {
            names.LABEL: self.service,
            names.ROLE: "lock",
            ENV: claim.env,
            BY: claim.by,
            REASON: claim.reason,
            TOKEN: claim.token,
            LEASE: f"{claim.lease:g}",
        }
        config = {"Image": ":".join(IMAGE), "Cmd": ["lock"], "Labels": labels, "HostConfig": {"NetworkMode": "none"}}
        api: Any = self.client.api
        while True:
            try:
                return str(api.create_container_from_config(config, self.name)["Id"])
            except ImageNotFound:
                api.import_image_from_data(empty(), repository=IMAGE[0], tag=IMAGE[1])
            except APIError as error:
                if error.status_code != 409:
                    raise
                raise Taken from None

    def look(self) -> Found | None:
        """The container. Raises DockyardError for one that is no lock."""
        try:
            seen = self.client.api.inspect_container(self.name)
        except NotFound:
            return None
        labels: dict[str, str] = seen["Config"]["Labels"] or {}
        if labels.get(names.ROLE) != "lock":
            raise DockyardError(
                f"A container called {self.name} is already there and is not Dockyard's: "
                f"remove it (`docker rm {self.name}`)."
            )
        found = Found(
            env=labels.get(ENV) or self.service,
            by=labels.get(BY) or "somebody",
            reason=labels.get(REASON, ""),
            token=labels.get(TOKEN, ""),
            lease=float(labels.get(LEASE) or 0),
            id=str(seen["Id"]),
            since=f"{str(seen['Created'])[:19]}Z",
            every=self.every,
        )
        if found.lives is not None:
            return found
        try:
            at = sign.last(self.client, found.id, str(seen["Created"]))
        except NotFound:
            return None
        return replace(found, sign=at, silent=clock(self.client) - at)

    def take_over(self, found: Found, claim: Claim) -> str:
        """Remove the container of a holder who has ended, and have its name. Raises Taken where another was faster."""
        try:
            self.client.api.remove_container(found.id, force=True)
        except NotFound:
            raise Taken from None
        except APIError as error:
            if error.status_code != 409:
                raise
            self.pause(found, self.settled)  # another one is at it
            raise Taken from None
        return self.create(claim)

    def pause(self, found: Found, seconds: float) -> None:
        """Wait until it is removed. An engine that went away is told by the next call."""
        api: Any = self.client.api
        with suppress(NotFound, requests.exceptions.RequestException):
            api.wait(found.id, timeout=seconds, condition="removed")

    def sign(self, held: str) -> bool:
        """Set the time of a file in it."""
        try:
            self.client.api.put_archive(held, "/", sign.archive(clock(self.client)))
        except NotFound:
            return False
        return True

    def gone(self, held: str) -> bool:
        """Whether the engine says that there is no such container."""
        try:
            self.client.api.inspect_container(held)
        except NotFound:
            return True
        except (DockerException, requests.exceptions.RequestException):
            return False
        return False

    def remove(self, held: str) -> None:
        """Remove that container."""
        with suppress(NotFound):
            self.client.api.remove_container(held, force=True)


def empty() -> bytes:
    """An image of nothing."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w"):
        pass
    return archive.getvalue()
