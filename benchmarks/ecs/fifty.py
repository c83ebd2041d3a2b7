"""Fifty services in fifty env files, each deployed by an `inv` of its own, all at once, at 20 calls a second."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from ..processes import Failed
from ..stage import Stage
from ..table import Row
from .fake import CLUSTER, Fake
from .project import EcsProject

SERVICES, QUICK = 50, 10
PER_SECOND = 20.0  # calls that AWS lets through here


def services(stage: Stage) -> list[str]:
    """Their names."""
    return [f"service-{number:02}" for number in range(stage.rounds(SERVICES, QUICK))]


def measure(project: EcsProject, names: Sequence[str]) -> list[Row]:
    """Deploy all of them at once, then look what each came to."""
    digest = project.fake.push("together")
    for name in names:
        project.pin(name, digest, "together")
    project.fake.counted()
    project.fake.tell("throttle", PER_SECOND)
    started = time.perf_counter()
    try:
        with ThreadPoolExecutor(len(names)) as pool:
            failures = [why for why in pool.map(lambda name: deployed(project, name), names) if why]
        seconds = time.perf_counter() - started
    finally:
        project.fake.tell("throttle", 0)
    calls = project.fake.counted()
    beside: dict[str, float | str | None] = {
        "until the last was done": seconds,
        "calls": str(len(calls)),
        "throttled": str(sum("Throttling" in call for call in calls)),
        **({"first failure": failures[0]} if failures else {}),
    }
    return [
        Row(f"{len(names)} ECS services at once", len(failures), "failed", 0, beside),
        Row("their revisions", sum(not verified(project.fake, name) for name in names), "not verified", 0),
        Row("their locks", locks(project.fake), "left", 0),
    ]


def deployed(project: EcsProject, name: str) -> str:
    """Why a deploy failed; "" for one that did not."""
    try:
        project.deploy(name)
    except Failed as error:
        return str(error)
    return ""


def verified(fake: Fake, name: str) -> bool:
    """Whether the task definition that a service runs is marked as verified."""
    running = fake.tell("running", name, CLUSTER)["taskDefinition"]
    tags = fake.client("ecs").describe_task_definition(taskDefinition=running, include=["TAGS"])["tags"]
    return any(tag["key"] == "dockyard.verified" for tag in tags)


def locks(fake: Fake) -> int:
    """How many parameters, as locks are, Systems Manager still has."""
    return len(fake.client("ssm").describe_parameters()["Parameters"])
