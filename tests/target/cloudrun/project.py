"""A project that releases the service `web` of the fake cloud, with a pin written by hand."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tasks.image import pin
from tasks.target.cloudrun import logs
from tests.conftest import Dockyard
from tests.fakes.gcp.cloud import Cloud
from tests.target import project

SERVICES = "run.projects.locations.services"
POOLS = "run.projects.locations.workerPools"
READS = ("get", "list")


@dataclass
class Project(project.Project):
    """One beside a fake cloud."""

    cloud: Cloud = field(kw_only=True)

    def pin(self, tag: str) -> str:
        """Pin an image of that tag; its digest."""
        digest = f"sha256:{hashlib.sha256(tag.encode()).hexdigest()}"
        pin.write(self.root, "prod", pin.Pin(self.image, digest, tag, "c0ffee"))
        return digest

    def deployed(self, *tags: str) -> list[str]:
        """Deploy these images, one after the other; their revisions. No call of it is counted."""
        found = []
        for tag in tags:
            self.pin(tag)
            done = self.inv("deploy --json")
            assert done.code == 0, done.err
            found.append(str(done.document["revision"]))
        self.cloud.forget()
        return found

    @property
    def service(self) -> dict[str, Any]:
        """The service's document."""
        found: dict[str, Any] = self.cloud.run.service("web")
        return found

    @property
    def traffic(self) -> dict[str, int]:
        """The percent of each revision that has some, as Cloud Run has it."""
        return {each["revision"]: each["percent"] for each in self.service["trafficStatuses"] if each.get("percent")}

    @property
    def tags(self) -> dict[str, str]:
        """The revision of each traffic tag."""
        return {each["tag"]: each["revision"] for each in self.service["trafficStatuses"] if each.get("tag")}

    @property
    def lock(self) -> str:
        """The lock's annotation; "" for none."""
        return str(self.service.get("annotations", {}).get("dockyard.lock", ""))

    @property
    def calls(self) -> list[str]:
        """The calls to Cloud Run since the count began: `services.patch`."""
        return [short(each) for each in self.cloud.methods("run")]

    @property
    def changes(self) -> list[str]:
        """Those that change something."""
        return [each for each in self.calls if each.rpartition(".")[2] not in READS]


def short(method: str) -> str:
    """`services.patch` for `run.projects.locations.services.patch`."""
    return method.removeprefix("run.projects.locations.")


@pytest.fixture
def web(tmp_path: Path, gcp: Cloud, dockyard: Dockyard) -> Project:
    """A project whose service does not exist yet."""
    image = f"{gcp.region}-docker.pkg.dev/{gcp.project}/apps/web"
    made = Project(tmp_path / "project", dockyard, image, cloud=gcp)
    made.set(
        TARGET="cloudrun",
        SERVICE="web",
        IMAGE=image,
        PROJECT=gcp.project,
        REGION=gcp.region,
        PUBLIC="true",
        DEPLOY_TIMEOUT="20s",
    )
    return made


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for the last lines of a revision that failed: here they are there at once."""
    monkeypatch.setattr(logs, "LATE", (0.0,))


def meanwhile(web: Project, method: str, does: Callable[[], object], times: int = 1) -> AbstractContextManager[None]:
    """Do something as soon as a method was called so often."""
    return project.beside(lambda: until(web, method, times), does)


def until(web: Project, method: str, times: int = 1) -> None:
    """Return once a method was called so often."""
    deadline = time.monotonic() + 20
    while web.calls.count(method) < times:
        assert time.monotonic() < deadline, web.calls
        time.sleep(0.02)
