"""Bytes to and from a program inside a container, over the stream that an exec leaves open.

Input goes through standard input, so no secret is on a command line, and it works on whatever engine
the client is connected to: a socket of this machine, `DOCKER_HOST`, a context, SSH.
"""

from __future__ import annotations

import socket
import ssl
import struct
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import docker

STDOUT = 1
GONE = (ConnectionError, ssl.SSLError)  # what a socket raises where nobody is at the other end


class Frames:
    """A multiplexed stream. Raises TimeoutError where nothing came by `deadline` (`time.monotonic()`; None: never)."""

    def __init__(self, connection: socket.socket, deadline: float | None = None) -> None:
        self.connection = connection
        self.deadline = deadline

    def frame(self) -> tuple[int, bytes]:
        """The next frame: which stream, and its bytes; no bytes at the end."""
        while len(head := self._exactly(8)) == 8:
            kind, length = struct.unpack(">BxxxL", head)
            if length:
                return kind, self._exactly(length)
        return STDOUT, b""

    def _exactly(self, count: int) -> bytes:
        parts = bytearray()
        while len(parts) < count:
            left = None if self.deadline is None else self.deadline - time.monotonic()
            if left is not None and left <= 0:
                raise TimeoutError
            self.connection.settimeout(left)
            try:
                part = self.connection.recv(min(count - len(parts), 65536))
            except GONE:
                part = b""
            if not part:
                break
            parts += part
        return bytes(parts)


class Exchange:
    """A program that runs in a container, its standard input and its standard output."""

    def __init__(self, client: docker.DockerClient, container: str, argv: Sequence[str]) -> None:
        created = client.api.exec_create(container, list(argv), stdin=True)
        raw: Any = client.api.exec_start(created["Id"], socket=True)
        self._raw = raw
        self.connection: socket.socket = getattr(raw, "_sock", raw)
        self.frames = Frames(self.connection)

    def send(self, data: bytes, timeout: float) -> None:
        """Give it bytes; it has `timeout` seconds to take them, and to answer what is read next."""
        self.frames.deadline = time.monotonic() + timeout
        self.connection.settimeout(timeout)
        with suppress(*GONE):  # that the program has gone shows in what is read next
            self.connection.sendall(data)

    def close(self) -> None:
        """End it: its standard input ends."""
        response = getattr(self._raw, "_response", None)  # the SDK's, which holds the connection
        if response is not None:
            response.close()
        self._raw.close()
