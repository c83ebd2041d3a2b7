"""Lines as containers write them, also those of containers that come up meanwhile: a release goes on being read."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping

import docker
from docker.errors import APIError
from docker.types import CancellableStream

from .. import LogLine
from . import inventory, names
from .engine import instant
from .inventory import Box, Inventory

LOOK = 1.0  # seconds between two looks for containers that came up
Arrivals = Callable[[], Iterable[Box]]  # the containers to read that run by now
Lines = Callable[[str, Iterable[bytes]], Iterator[LogLine]]


class Newcomers:
    """What runs of a service by now, without what ran beside the revision that is read when the reading began."""

    def __init__(self, client: docker.DockerClient, found: Inventory, revision: str) -> None:
        self.client = client
        self.service = found.service
        self.beside = {each.id for each in found.instances() if each.up and each.revision != revision}

    def __call__(self) -> list[Box]:
        """Look: one call."""
        mine = {"label": [f"{names.LABEL}={self.service}", f"{names.ROLE}=instance"]}
        up = [inventory.box(each) for each in self.client.api.containers(filters=mine)]
        self.beside &= {each.id for each in up}
        return [each for each in up if each.id not in self.beside]


class Following:
    """Reads containers side by side, each by a thread of its own, from its last known line on.

    `begin` is the engine's time from which one is read that is not known yet (None: from its start).
    """

    def __init__(self, client: docker.DockerClient, lines: Lines, begin: float | None, last: Mapping[str, str]) -> None:
        self.client = client
        self.lines = lines
        self.begin = begin
        self.last = dict(last)  # the time of the last line, by container
        self.arrived: queue.Queue[LogLine | Box] = queue.Queue()  # a container: its lines have ended
        self.threads: dict[str, threading.Thread] = {}
        self.streams: dict[str, CancellableStream[bytes]] = {}
        self.ended = threading.Event()

    def read(self, boxes: Iterable[Box], arrivals: Arrivals) -> Generator[LogLine, None, None]:
        """All lines until no container is left that writes, or the reader closes this."""
        try:
            self.add(boxes)
            due = time.monotonic() + LOOK
            while True:
                if not self.threads or time.monotonic() >= due:
                    self.add(arrivals())
                    due = time.monotonic() + LOOK
                    if not self.threads:
                        return
                with contextlib.suppress(queue.Empty):
                    came = self.arrived.get(timeout=max(0.0, due - time.monotonic()))
                    if isinstance(came, Box):
                        del self.threads[came.id]
                    else:
                        yield came
        finally:
            self.end()

    def add(self, boxes: Iterable[Box]) -> None:
        """Read these too, unless they are being read."""
        for box in boxes:
            if box.id not in self.threads:
                self.threads[box.id] = threading.Thread(target=self.read_one, args=(box,), daemon=True)
                self.threads[box.id].start()

    def read_one(self, box: Box) -> None:
        """Every new line of one container, over its restarts."""
        with contextlib.suppress(APIError, OSError, ValueError, AttributeError):
            while not self.ended.is_set():
                last = self.last.get(box.id, "")
                begin = int(instant(last)) if last else self.begin
                stream = self.client.api.logs(box.id, timestamps=True, stream=True, follow=True, since=begin)
                self.streams[box.id] = stream
                for line in self.lines(box.name, stream):
                    if line.at > self.last.get(box.id, ""):
                        self.last[box.id] = line.at
                        self.arrived.put(line)
                if not self.lives(box):
                    break
        self.arrived.put(box)

    def lives(self, box: Box) -> bool:
        """Whether a container whose stream has ended writes on: it was restarted, or will be."""
        for _ in range(20):
            state = self.client.api.inspect_container(box.id)["State"]
            if state["Running"]:
                return True
            if not state["Restarting"] or self.ended.is_set():
                return False
            time.sleep(0.25)
        return True

    def end(self) -> None:
        """Stop reading."""
        self.ended.set()
        for stream in list(self.streams.values()):
            with contextlib.suppress(Exception):  # it may have ended by itself, in one of many ways
                stream.close()
        for thread in self.threads.values():
            thread.join(1.0)
