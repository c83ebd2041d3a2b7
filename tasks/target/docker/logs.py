"""What containers wrote, interleaved by the engine's own timestamps."""

from __future__ import annotations

import contextlib
import heapq
import queue
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import docker
from docker.errors import APIError, NotFound
from docker.types import CancellableStream

from .. import LogLine, LogQuery
from .engine import clock, instant
from .inventory import Box


def read(client: docker.DockerClient, boxes: Sequence[Box], query: LogQuery) -> Iterator[LogLine]:
    """The newest lines in order of time, and with `follow` all that come after, until the containers end or Ctrl-C."""
    since = clock(client) - query.since if query.since is not None else None
    with ThreadPoolExecutor(16) as side_by_side:
        each = side_by_side.map(lambda box: history(client, box, since, query), boxes)
        found = {box.name: lines for box, lines in zip(boxes, each, strict=True)}
    lines = heapq.merge(*found.values(), key=lambda line: line.at)
    yield from deque((line for line in lines if query.filter in line.text), maxlen=query.limit or None)
    if query.follow:
        seen = {name: lines[-1].at for name, lines in found.items() if lines}
        yield from (line for line in follow(client, boxes, since, seen) if query.filter in line.text)


def history(client: docker.DockerClient, box: Box, since: float | None, query: LogQuery) -> list[LogLine]:
    """What one container has written up to now, oldest first; only the newest where that is enough."""
    tail: Any = query.limit if query.limit and not query.filter else "all"
    try:
        stream = client.api.logs(box.id, timestamps=True, stream=True, follow=False, tail=tail, since=since)
    except NotFound:
        return []
    return list(lines(box.name, stream))


def lines(source: str, chunks: Iterable[bytes]) -> Iterator[LogLine]:
    """Lines out of the engine's chunks, each of which begins with its time.

    A line longer than 16 KiB comes in several chunks, and only the last of them ends it.
    """
    at, text = "", b""
    for chunk in chunks:
        stamp, _, part = chunk.partition(b" ")
        at, text = at or stamp.decode(), text + part
        if chunk.endswith(b"\n"):
            yield LogLine(at, source, text.decode(errors="replace").rstrip("\r\n"))
            at, text = "", b""
    if at:
        yield LogLine(at, source, text.decode(errors="replace"))


def follow(
    client: docker.DockerClient, boxes: Sequence[Box], since: float | None, seen: Mapping[str, str]
) -> Iterator[LogLine]:
    """Lines as they come, each container read by a thread of its own; `seen` is the time of its last known line."""
    arrived: queue.Queue[LogLine | None] = queue.Queue()
    streams: dict[str, CancellableStream[bytes]] = {}
    ended = threading.Event()

    def read_one(box: Box) -> None:
        last = seen.get(box.name, "")
        with contextlib.suppress(APIError, OSError, ValueError, AttributeError):
            while not ended.is_set():
                begin = int(instant(last)) if last else since
                stream = client.api.logs(box.id, timestamps=True, stream=True, follow=True, since=begin)
                streams[box.name] = stream
                for line in lines(box.name, stream):
                    if line.at > last:
                        last = line.at
                        arrived.put(line)
                if not lives(client, box):
                    break
        arrived.put(None)

    threads = [threading.Thread(target=read_one, args=(box,), daemon=True) for box in boxes]
    for thread in threads:
        thread.start()
    reading = len(threads)
    try:
        while reading:
            line = arrived.get()
            if line is None:
                reading -= 1
            else:
                yield line
    finally:
        ended.set()
        for stream in streams.values():
            with contextlib.suppress(Exception):  # it may have ended by itself, in one of many ways
                stream.close()
        for thread in threads:
            thread.join(1.0)


def lives(client: docker.DockerClient, box: Box) -> bool:
    """Whether a container whose stream has ended writes on: it was restarted, or will be."""
    for _ in range(20):
        state = client.api.inspect_container(box.id)["State"]
        if state["Running"]:
            return True
        if not state["Restarting"]:
            return False
        time.sleep(0.25)
    return True


def last(client: docker.DockerClient, box: Box, count: int = 20) -> list[str]:
    """The last lines of one container, for a diagnosis."""
    return [line.text for line in history(client, box, None, LogQuery(limit=count))][-count:]
