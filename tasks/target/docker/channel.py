"""What Dockyard says inside the edge: commands to HAProxy, files, and through `dial` requests to containers."""

from __future__ import annotations

import struct
import weakref
from collections.abc import Mapping, Sequence
from contextlib import suppress

import docker

from ...errors import DockyardError
from .haproxy import FOLDER, SOCKET
from .relay import Relay

PATIENCE = 10.0  # seconds for an answer
PROMPT = "\n> "


class Silent(DockyardError):
    """HAProxy runs, and does not answer."""


class Channel:
    """As many relays as are busy at once: a container that hangs holds nobody else up. They stay open when idle."""

    def __init__(self, client: docker.DockerClient, container: str) -> None:
        self.client = client
        self.container = container
        self._idle: list[Relay] = []
        weakref.finalize(self, close, self._idle)

    def carry(self, what: str, data: bytes, timeout: float) -> bytes:
        """Have a relay do something; see `Relay.ask`. Raises docker.errors.APIError where the edge does not run."""
        relay = self._rested() or Relay(self.client, self.container)
        try:
            return relay.ask(what, data, timeout)
        finally:
            if relay.waiting:
                relay.close()
            else:
                self._idle.append(relay)

    def _rested(self) -> Relay | None:
        with suppress(IndexError):
            while relay := self._idle.pop():
                if not relay.ended():
                    return relay
                relay.close()
        return None

    def ask(self, commands: Sequence[str]) -> list[str]:
        """Give HAProxy commands; the answer to each. Raises Silent where it does not answer."""
        talk = "\n".join(["prompt", *commands, "quit", ""]).encode()
        trouble: Exception | None = None
        for _ in range(2):  # a process that leaves after a reload may break off
            try:
                said = self.carry(f"unix {SOCKET}", talk, PATIENCE).decode().split(PROMPT)
                if len(said) != len(commands) + 2:
                    raise ConnectionError("HAProxy closed the conversation")
                return said[1:-1]
            except (ConnectionError, TimeoutError) as error:
                trouble = error
        raise Silent(
            f"The edge {self.container} does not answer ({str(trouble) or 'timed out'}): "
            f"see `docker logs {self.container}`."
        ) from trouble

    def write(self, files: Mapping[str, str]) -> None:
        """Put files into the edge's folder, each of them whole. Raises as `carry` does."""
        parts = [part.encode() for pair in files.items() for part in pair]
        data = b"".join(struct.pack(">L", len(part)) + part for part in parts)
        self.carry(f"files {FOLDER}", data, PATIENCE)

    def close(self) -> None:
        """End what is idle."""
        close(self._idle)


def close(idle: list[Relay]) -> None:
    """End relays."""
    while idle:
        idle.pop().close()
