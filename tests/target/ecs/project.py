"""A project that releases the service `web` of the fake account, with a pin written by hand."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tasks.image import pin
from tests.conftest import Dockyard
from tests.fakes.cloud import Cloud
from tests.target import project

POLL = "DescribeServiceDeployments"
MUTATING = ("Register", "Update", "Stop", "Tag", "Put", "Delete", "Run", "Create", "Deregister", "Untag")


@dataclass
class Project(project.Project):
    """One beside a fake cloud."""

    cloud: Cloud = field(kw_only=True)

    def pin(self, tag: str) -> str:
        """Make an image of that tag and pin it; its digest."""
        digest = self.cloud.image("web", tag, word=tag)
        pin.write(self.root, "prod", pin.Pin(self.image, digest, tag, "c0ffee"))
        return digest

    def service(self, name: str, **asked: Any) -> None:
        """A service that runs the pinned `v1`."""
        digest = self.pin("v1")
        self.cloud.service(name, **{"image": f"{self.image}@{digest}", "desired": 2, **asked})

    def serving(self, name: str = "web") -> str:
        """The task definition of a service's primary deployment, where that is complete."""
        (first, *others) = self.cloud.running(name)["deployments"]
        assert not others, others
        assert first["rolloutState"] == "COMPLETED", first
        return str(first["taskDefinition"]).rpartition("/")[2]

    def calls(self, service: str = "ecs") -> list[str]:
        """The operations asked of a service since the count began."""
        return [operation for of, operation in self.cloud.calls if of == service]


@pytest.fixture
def web(tmp_path: Path, cloud: Cloud, dockyard: Dockyard) -> Project:
    """A project whose service runs two tasks of `v1`, as `web:1`, which Dockyard has never deployed."""
    made = Project(tmp_path / "project", dockyard, cloud.repository("web"), cloud=cloud)
    made.set(TARGET="ecs", SERVICE="web", IMAGE=made.image, REGION="eu-north-1", CLUSTER="c", DEPLOY_TIMEOUT="20s")
    made.service("web")
    return made


def until(cloud: Cloud, operation: str, times: int = 1) -> None:
    """Return once an operation was called so often."""
    deadline = time.monotonic() + 20
    while len(cloud.requests(operation)) < times:
        assert time.monotonic() < deadline, cloud.calls
        time.sleep(0.02)


def meanwhile(cloud: Cloud, does: Callable[[], object]) -> AbstractContextManager[None]:
    """Do something as soon as the block waits for its deployment."""
    return project.beside(lambda: until(cloud, POLL), does)


def changes(calls: list[tuple[str, str]]) -> list[str]:
    """The calls that change something."""
    return [operation for _, operation in calls if operation.startswith(MUTATING)]
