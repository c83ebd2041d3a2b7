"""A service whose log is read, and what its tasks are called."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tasks.target import LogLine, LogQuery
from tasks.target.ecs import logs
from tasks.target.ecs.running import short
from tasks.target.ecs.workers import Fleet
from tests.fakes.cloud import Cloud
from tests.target.ecs import looking

Read = Callable[..., list[LogLine]]


@pytest.fixture
def fleet(cloud: Cloud, tmp_path: Path) -> Callable[..., Fleet]:
    return lambda *more: looking.fleet(looking.settings(cloud, tmp_path, "".join(more)))


@pytest.fixture
def read(fleet: Callable[..., Fleet]) -> Read:
    def make(*more: str, **query: Any) -> list[LogLine]:
        return list(logs.read(fleet(*more), LogQuery(**query)))

    return make


def ids(cloud: Cloud, service: str = "web", status: str = "RUNNING") -> list[str]:
    client = cloud.client("ecs")
    return [short(arn) for arn in client.list_tasks(cluster="c", serviceName=service, desiredStatus=status)["taskArns"]]


def texts(lines: list[LogLine]) -> list[str]:
    return [each.text for each in lines]


def now() -> int:
    return int(time.time() * 1000)


def quiet(cloud: Cloud) -> None:
    cloud.set(startup=())
