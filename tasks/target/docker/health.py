"""Whether a revision's containers run and answer, and why not."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from typing import Any

import docker

from ...errors import DeployFailed
from . import diagnosis, logs, names, restarts
from .dial import NoAnswer, Request
from .edge import Edge
from .inventory import Box

FIRST, LONGEST = 0.05, 0.5  # seconds between two probes
ANSWER = 5.0  # seconds for one probe
STEADY = 1.0  # seconds that a container must run where nothing is probed
LAST_LINES = 20


@dataclass(frozen=True)
class Asked:
    """What is asked of a revision: where it listens, and what is probed there ("" is nothing). `timeout` in seconds."""

    port: str
    path: str
    timeout: float
    memory: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


def wait(client: docker.DockerClient, edge: Edge, boxes: Sequence[Box], asked: Asked) -> None:
    """Return once all of a revision's containers are healthy. Raises DeployFailed at the first that is not."""
    over = threading.Event()
    side_by_side = ThreadPoolExecutor(max(1, len(boxes)))
    try:
        for look in as_completed([side_by_side.submit(wait_for, client, edge, box, asked, over) for box in boxes]):
            look.result()
    finally:
        over.set()
        side_by_side.shutdown(wait=False, cancel_futures=True)  # a probe under way may take seconds to give up


def wait_for(client: docker.DockerClient, edge: Edge, box: Box, asked: Asked, over: threading.Event) -> None:
    """Return once one container is healthy, or when it is `over`."""
    deadline = time.monotonic() + asked.timeout
    steady = time.monotonic() + STEADY
    probed = bool(asked.path) and box.process == names.WEB
    said, pause = "", FIRST
    while not over.is_set():
        state = client.api.inspect_container(box.id)["State"]
        if ended(state):
            raise failed(client, box, diagnosis.stopped(state, asked.memory))
        if not probed:
            if time.monotonic() >= steady:
                return
        else:
            said = probe(edge, box, asked, deadline - time.monotonic())
            if not said:
                return
            if time.monotonic() + pause >= deadline:
                state = client.api.inspect_container(box.id)["State"]
                if ended(state):
                    raise failed(client, box, diagnosis.stopped(state, asked.memory))
                raise failed(client, box, f"did not get healthy within {asked.timeout:g} s: GET {asked.path} {said}")
        over.wait(pause)
        pause = min(pause * 1.5, LONGEST)


def alive(client: docker.DockerClient, boxes: Sequence[Box]) -> None:
    """Look once whether containers that were healthy still run. Raises DeployFailed for one that ended meanwhile."""
    with ThreadPoolExecutor(max(1, len(boxes))) as side_by_side:
        inspected = list(side_by_side.map(lambda box: client.api.inspect_container(box.id), boxes))
    for box, found in zip(boxes, inspected, strict=True):
        if wrong := restarts.told(client, box, found):
            raise failed(client, box, f"was healthy, then {wrong}")


def ended(state: Mapping[str, Any]) -> bool:
    """Whether a container is not up; one between a crash and the engine's next try has `Running`, too."""
    return not state["Running"] or bool(state["Restarting"])


def probe(edge: Edge, box: Box, asked: Asked, left: float) -> str:
    """Ask once; "" for a 2xx or 3xx, else what came instead: `answered 500`."""
    request = Request("GET", asked.path, asked.headers)
    try:
        answer = edge.send(f"{box.address}:{asked.port}", request, max(0.5, min(ANSWER, left)))
    except NoAnswer as error:
        return str(error)
    return "" if 200 <= answer.status < 400 else f"answered {answer.status}"


def failed(client: docker.DockerClient, box: Box, reason: str) -> DeployFailed:
    """The failure with its reason and the last lines."""
    lines = logs.last(client, box, LAST_LINES)
    document: dict[str, Any] = {"failed": box.name, "reason": reason, "log": lines}
    return DeployFailed(diagnosis.failure(box.name, reason, lines), document)
