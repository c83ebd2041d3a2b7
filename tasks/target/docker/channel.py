"""A conversation with HAProxy's runtime API that stays open: 0.3 ms for a command instead of 60 ms for an exec."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Sequence

import docker

from ...errors import DockyardError
from .exchange import STDERR, Exchange
from .haproxy import SOCKET

PATIENCE = 10.0  # seconds for an answer
PROMPT = b"\n> "


class Silent(DockyardError):
    """HAProxy runs, and does not answer."""


class Channel:
    """One conversation at a time, opened when it is needed and again when HAProxy has closed it."""

    def __init__(self, client: docker.DockerClient, container: str) -> None:
        self.client = client
        self.container = container
        self._one = threading.Lock()
        self._open: Exchange | None = None

    def ask(self, commands: Sequence[str]) -> list[str]:
        """Give commands; the answer to each. Raises Silent where HAProxy does not answer."""
        with self._one:
            if self._open is not None:
                try:
                    return self._talk(self._open, commands)
                except OSError:
                    self._close()
            self._open = Exchange(self.client, self.container, ["socat", "-t0.05", "-", f"UNIX-CONNECT:{SOCKET}"])
            weakref.finalize(self, self._open.close)
            try:
                self._talk(self._open, ["prompt"])
                return self._talk(self._open, commands)
            except OSError as error:
                self._close()
                why = str(error) or "timed out"
                raise Silent(
                    f"The edge {self.container} does not answer ({why}): see `docker logs {self.container}`."
                ) from error
            except BaseException:
                self._close()
                raise

    def close(self) -> None:
        """End the conversation; the next one is with whichever process HAProxy has then."""
        with self._one:
            self._close()

    def _close(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None

    @staticmethod
    def _talk(exchange: Exchange, commands: Sequence[str]) -> list[str]:
        exchange.send("".join(f"{command}\n" for command in commands).encode(), PATIENCE)
        answer = bytearray()
        while answer.count(PROMPT) < len(commands):
            kind, data = exchange.frames.frame()
            if not data:
                raise ConnectionError(exchange.complaint() or "HAProxy closed the conversation")
            if kind == STDERR:
                exchange.frames.said += data
            else:
                answer += data
        return [part.decode() for part in bytes(answer).split(PROMPT)][: len(commands)]
