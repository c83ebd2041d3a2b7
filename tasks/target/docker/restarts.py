"""Containers that ended, or that ended and were started again by the engine: how often, and why the last time."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import docker
from docker.errors import NotFound

from . import diagnosis, spec
from .engine import instant
from .inventory import Box

Inspected = Mapping[str, Any]  # what the engine answers about one container


def details(client: docker.DockerClient, boxes: Sequence[Box]) -> list[str]:
    """What is wrong with each of these containers, "" for one that runs since it was started: one call each."""

    def detail(box: Box) -> str:
        try:
            return told(client, box, client.api.inspect_container(box.id))
        except NotFound:
            return "is gone"

    with ThreadPoolExecutor(max(1, min(16, len(boxes)))) as side_by_side:
        return list(side_by_side.map(detail, boxes))


def told(client: docker.DockerClient, box: Box, found: Inspected) -> str:
    """`exited with code 9 after 1.5 s, 3 seconds ago`, `restarted 2 times: exited with code 9`, or ""."""
    state, count = found["State"], int(found["RestartCount"])
    if not count:
        ago = re.search(r"\) (.+ ago)", box.status)
        why = "" if state["Running"] else diagnosis.stopped(state, memory(box))
        return f"{why}, {ago[1]}" if why and ago else why
    end = state if state["Restarting"] or not state["Running"] else last_end(client, found)
    why = f": {diagnosis.stopped(end, memory(box))}" if end else ""
    return f"restarted {count} time{'' if count == 1 else 's'}{why}"


def memory(box: Box) -> str:
    """The MEMORY that its revision was deployed with, as its setting says it."""
    return spec.load(box.labels.get("dockyard.spec", "")).get("MEMORY", "")


def last_end(client: docker.DockerClient, found: Inspected) -> Inspected:
    """How a container that runs again ended the last time: only the engine's events tell, the last 256 of them."""
    api: Any = client.api  # its types know no fractions of seconds
    events = api.events(
        since=f"{instant(found['Created']):.9f}",
        until=f"{instant(found['State']['StartedAt']):.9f}",
        filters={"container": found["Id"], "event": ["die", "oom"]},
        decode=True,
    )
    known = [(each["Action"], each["Actor"]["Attributes"].get("exitCode", "0")) for each in events]
    if not known or known[-1][0] != "die":
        return {}
    return {"ExitCode": known[-1][1], "OOMKilled": known[-2:-1] == [("oom", "0")]}
