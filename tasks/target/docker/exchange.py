"""Bytes to and from a program inside a container, over the stream that an exec leaves open.

Input goes through standard input, so no secret is on a command line, and it works on whatever engine
the client is connected to: a socket of this machine, `DOCKER_HOST`, a context, SSH.
"""

from __future__ import annotations

import io
import socket
import struct
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import docker

STDOUT, STDERR = 1, 2


class Frames(io.RawIOBase):
    """The standard output of a multiplexed stream as a raw file; `said` collects standard error.

    Raises TimeoutError where nothing has come by `deadline` (`time.monotonic()`; None: never).
    """

    def __init__(self, connection: socket.socket, deadline: float | None = None) -> None:
        self.connection = connection
        self.deadline = deadline
        self.said = bytearray()
        self._pending = memoryview(b"")

    def readable(self) -> bool:
        """Yes: `io.RawIOBase` asks."""
        return True

    def readinto(self, buffer: Any) -> int:
        """The next bytes of standard output; 0 at the end."""
        while not self._pending:
            kind, data = self.frame()
            if not data:
                return 0
            if kind == STDERR:
                self.said += data
            else:
                self._pending = memoryview(data)
        count = min(len(buffer), len(self._pending))
        buffer[:count] = self._pending[:count]
        self._pending = self._pending[count:]
        return count

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
            except ConnectionError:
                part = b""
            if not part:
                break
            parts += part
        return bytes(parts)


class Exchange:
    """A program that runs in a container, its standard input and its outputs."""

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
        with suppress(BrokenPipeError, ConnectionResetError):  # a program that has gone says why in what is read next
            self.connection.sendall(data)

    def complaint(self) -> str:
        """What it has written to standard error."""
        return self.frames.said.decode(errors="replace").strip()

    def close(self) -> None:
        """End it: its standard input ends."""
        response = getattr(self._raw, "_response", None)  # the SDK's, which holds the connection
        if response is not None:
            response.close()
        self._raw.close()
