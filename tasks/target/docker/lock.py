"""One release at a time: a container that is never started, because only one can have its name."""

from __future__ import annotations

import io
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import docker
import requests
from docker.errors import APIError, DockerException, ImageNotFound, NotFound

from ...errors import DockyardError, Locked
from ...say import say
from ...who import user_at_host
from .. import Holder
from . import faults, holder, names, proof, sign
from .holder import Found
from .watch import Watch

LEASE = 90.0  # seconds after the last sign of life
POLL = 1.0  # seconds between two looks at a holder; that he is done is noticed at once
TAKING = 10.0  # seconds that the engine may need to remove the lock of one who has ended
IMAGE = ("dockyard-lock", "1")  # empty: a container needs an image, even one that is never started


class Lock:
    """A service's lock, as one process sees it; `id` is the container's while this process holds it."""

    def __init__(self, client: docker.DockerClient, service: str, env: str) -> None:
        self.client = client
        self.service = service
        self.env = env
        self.id = ""
        self.ended = ""  # the token of the holder before, who ended without giving it back

    @contextmanager
    def held(self, reason: str, wait: float = 0.0) -> Iterator[None]:
        """Hold the service until the block ends. Raises Locked where somebody else has it for longer than `wait`."""
        with proof.taken() as own:
            try:
                with faults.told():
                    self.id = self.acquire(reason, wait, own)
            except Locked:
                proof.forget(own)
                raise
            try:
                with sign.given(self.client, self.id):
                    yield
            finally:
                proof.forget(self.ended)
                if self.give_back():
                    proof.forget(own)

    def hold(self, reason: str, wait: float = 0.0) -> Holder:
        """Hold the service without a lease, after this process has ended too. Raises Locked."""
        held = self.acquire(reason, wait)
        proof.forget(self.ended)
        found = holder.look(self.client, self.service)
        if found is None or found.id != held:
            raise Locked(f"{self.env} was taken away again at once: see inv lock --env={self.env}.")
        return found.holder()

    def holder(self) -> Holder | None:
        """Who holds it."""
        found = holder.look(self.client, self.service)
        return found.holder() if found else None

    def unlock(self, held: Holder) -> None:
        """End that lock, whoever has it; a later one is left alone."""
        with suppress(NotFound):
            self.client.api.remove_container(held.id, force=True)

    def fence(self) -> None:
        """Raise Locked where the lock that this process took is no longer there; one who took none may go on.

        An engine that does not answer is told by what follows, which knows what was begun.
        """
        if not self.id:
            return
        try:
            self.client.api.inspect_container(self.id)
        except NotFound:
            raise self.lost() from None
        except (DockerException, requests.exceptions.RequestException):
            return

    def lost(self) -> Locked:
        """What to say where the lock was taken away meanwhile."""
        found = holder.look(self.client, self.service)
        why = found.state if found else "somebody ended it, or this machine slept for longer than its lease"
        return Locked(
            f"The lock was taken away from this release: {why}. It changes nothing any more and leaves "
            f"{self.service} as it is; inv status --env={self.env} shows what serves.",
            found.document if found else None,
        )

    def acquire(self, reason: str, wait: float, own: str = "") -> str:
        """The id of the container that is the lock: with a lease and a token, or without both. Raises Locked."""
        deadline = time.monotonic() + wait
        watch, tried = Watch(), ""
        while True:
            with suppress(Taken):
                return self.create(reason, own)
            found = holder.look(self.client, self.service)
            left = deadline - time.monotonic()
            if found is None:
                if left < -TAKING:
                    raise DockyardError(f"The engine does not let {names.lock(self.service)} go: restart it.")
                time.sleep(0.05)
                continue
            ended = watch.ended(found)
            if ended and found.id != tried:
                tried = found.id
                self.take_away(found)
            elif left <= 0 and (ended or not watch.doubts(found)):
                raise found.refusal(self.env)
            else:
                watch.tell(found, left)
                self.pause(found, min(POLL, left) if left > 0 else POLL)

    def create(self, reason: str, own: str) -> str:
        """Try to have it. Raises Taken where somebody has."""
        labels = {
            names.LABEL: self.service,
            names.ROLE: "lock",
            holder.ENV: self.env,
            holder.BY: user_at_host(),
            holder.REASON: reason,
            holder.TOKEN: own,
            holder.LEASE: f"{LEASE:g}" if own else "0",
        }
        config = {"Image": ":".join(IMAGE), "Cmd": ["lock"], "Labels": labels, "HostConfig": {"NetworkMode": "none"}}
        api: Any = self.client.api
        while True:
            try:
                return str(api.create_container_from_config(config, names.lock(self.service))["Id"])
            except ImageNotFound:
                api.import_image_from_data(empty(), repository=IMAGE[0], tag=IMAGE[1])
            except APIError as error:
                if error.status_code != 409:
                    raise
                raise Taken from None

    def take_away(self, found: Found) -> None:
        """End the lock of a holder who has ended himself."""
        try:
            self.client.api.remove_container(found.id, force=True)
        except NotFound:
            return
        except APIError as error:
            if error.status_code != 409:
                raise
            self.pause(found, TAKING)  # another one is at it
        else:
            self.ended = found.token
            say(f"{found.state}, who has ended: that lock was taken away.")

    def pause(self, found: Found, seconds: float) -> None:
        """Wait until a lock is gone, for so many seconds at most. An engine that went away is told by the next call."""
        api: Any = self.client.api
        with suppress(NotFound, requests.exceptions.RequestException):
            api.wait(found.id, timeout=seconds, condition="removed")

    def give_back(self) -> bool:
        """Release it; whether that worked. A failure changes no outcome: the lock ends by itself."""
        held, self.id = self.id, ""
        try:
            with faults.told(), suppress(NotFound):
                self.client.api.remove_container(held, force=True)
        except DockyardError as error:
            say(f"The lock of {self.service} ends by itself within {LEASE:.0f} s. {error.message}")
            return False
        return True


class Taken(Exception):
    """The name that is the lock is in use."""


def empty() -> bytes:
    """An image of nothing."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w"):
        pass
    return archive.getvalue()
