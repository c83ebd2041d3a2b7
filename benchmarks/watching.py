"""A client that looks who answers, until it is the version that was waited for."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

PAUSE = 0.005  # seconds between two looks


@dataclass
class Watch:
    """Waits for a version at a port of loopback; `at` is when it first answered, by time.perf_counter, 0.0 never."""

    port: int
    version: str
    at: float = 0.0
    over: threading.Event = field(default_factory=threading.Event)

    def look(self) -> None:
        """Ask, on a connection of its own each time, until the version answers or the watch is over."""
        while not self.over.is_set():
            if answer(self.port) == self.version:
                self.at = time.perf_counter()
                return
            self.over.wait(PAUSE)


def answer(port: int) -> str:
    """The version that answers at a port of loopback; "" if none does."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/version")
        return connection.getresponse().read().decode()
    except (OSError, http.client.HTTPException):
        return ""
    finally:
        connection.close()


@contextmanager
def watching(port: int, version: str) -> Iterator[Watch]:
    """Watch while the block runs."""
    watch = Watch(port, version)
    thread = threading.Thread(target=watch.look, daemon=True)
    thread.start()
    try:
        yield watch
        thread.join(2)
    finally:
        watch.over.set()
        thread.join()
