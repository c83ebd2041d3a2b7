"""A project that releases the service `web` of the fake account, with a pin written by hand."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tasks.image import pin
from tests.conftest import Dockyard, Result
from tests.fakes.cloud import Cloud
from tests.service import start

POLL = "DescribeServiceDeployments"
MUTATING = ("Register", "Update", "Stop", "Tag", "Put", "Delete", "Run", "Create", "Deregister", "Untag")


@dataclass
class Project:
    """Its folder, its settings, and the command line in it."""

    root: Path
    cloud: Cloud
    dockyard: Dockyard
    image: str
    settings: dict[str, str] = field(default_factory=dict)

    def set(self, **settings: str) -> None:
        """Change settings; an empty one is taken out."""
        self.settings |= settings
        lines = [f"{key}={value}" for key, value in self.settings.items() if value]
        (self.root / "env").mkdir(parents=True, exist_ok=True)
        (self.root / "env" / "prod.env").write_text("\n".join(lines) + "\n", encoding="utf-8")

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

    def start(self, *argv: str) -> subprocess.Popen[str]:
        """The command line as a process of its own."""
        return start(self.root, *argv)

    def inv(self, line: str) -> Result:
        """The command line in this process: `inv("deploy --json")` on the environment `prod`."""
        verb, _, flags = line.partition(" ")
        return self.dockyard(f"{verb} --env=prod {flags}", self.root)

    def calls(self, service: str = "ecs") -> list[str]:
        """The operations asked of a service since the count began."""
        return [operation for of, operation in self.cloud.calls if of == service]


@pytest.fixture
def web(tmp_path: Path, cloud: Cloud, dockyard: Dockyard) -> Project:
    """A project whose service runs two tasks of `v1`, as `web:1`, which Dockyard has never deployed."""
    made = Project(tmp_path / "project", cloud, dockyard, cloud.repository("web"))
    made.set(TARGET="ecs", SERVICE="web", IMAGE=made.image, REGION="eu-north-1", CLUSTER="c", DEPLOY_TIMEOUT="20s")
    made.service("web")
    return made


def until(cloud: Cloud, operation: str, times: int = 1) -> None:
    """Return once an operation was called so often."""
    deadline = time.monotonic() + 20
    while len(cloud.requests(operation)) < times:
        assert time.monotonic() < deadline, cloud.calls
        time.sleep(0.02)


@contextmanager
def meanwhile(cloud: Cloud, does: Callable[[], object]) -> Iterator[None]:
    """Do something as soon as the block waits for its deployment."""
    wrong: list[BaseException] = []

    def act() -> None:
        try:
            until(cloud, POLL)
            does()
        except BaseException as error:
            wrong.append(error)

    thread = threading.Thread(target=act)
    thread.start()
    yield
    thread.join()
    assert not wrong, wrong


def changes(calls: list[tuple[str, str]]) -> list[str]:
    """The calls that change something."""
    return [operation for _, operation in calls if operation.startswith(MUTATING)]
