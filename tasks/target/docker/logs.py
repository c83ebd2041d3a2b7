"""What containers wrote, interleaved by the engine's own timestamps."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import docker
from docker.errors import NotFound

from .. import LogLine, LogQuery
from .engine import clock
from .following import Arrivals, Following
from .inventory import Box


def read(
    client: docker.DockerClient, boxes: Sequence[Box], query: LogQuery, arrivals: Arrivals = tuple
) -> Iterator[LogLine]:
    """The newest lines in order of time, and with `follow` all that come after, until the containers end or Ctrl-C.

    `arrivals` gives the containers to follow that run by then, those of `boxes` too.
    """
    now = clock(client) if query.follow or query.since is not None else 0.0
    since = max(1.0, now - query.since) if query.since is not None else None
    with ThreadPoolExecutor(16) as side_by_side:
        each = side_by_side.map(lambda box: history(client, box, since, query), boxes)
        found = dict(zip((box.id for box in boxes), each, strict=True))
    merged = heapq.merge(*found.values(), key=lambda line: line.at)
    yield from deque((line for line in merged if query.filter in line.text), maxlen=query.limit or None)
    if query.follow:
        last = {box: known[-1].at for box, known in found.items() if known}
        with closing(Following(client, lines, now, last).read(boxes, arrivals)) as coming:
            yield from (line for line in coming if query.filter in line.text)


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


def last(client: docker.DockerClient, box: Box, count: int = 20) -> list[str]:
    """The last lines of one container, for a diagnosis."""
    return [line.text for line in history(client, box, None, LogQuery(limit=count))][-count:]
