"""A project that releases the service `web` of the fake cloud, with a pin written by hand."""

from __future__ import annotations

import hashlib
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
from tasks.target.cloudrun import logs
from tests.conftest import Dockyard, Result
from tests.fakes.gcp.cloud import Cloud
from tests.service import start

SERVICES = "run.projects.locations.services"
POOLS = "run.projects.locations.workerPools"
READS = ("get", "list")


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

    def start(self, *argv: str) -> subprocess.Popen[str]:
        """The command line as a process of its own."""
        return start(self.root, *argv)

    def inv(self, line: str) -> Result:
        """The command line in this process: `inv("deploy --json")` on the environment `prod`."""
        verb, _, flags = line.partition(" ")
        return self.dockyard(f"{verb} --env=prod {flags}", self.root)

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
    made = Project(tmp_path / "project", gcp, dockyard, image)
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


@contextmanager
def meanwhile(web: Project, method: str, does: Callable[[], object], times: int = 1) -> Iterator[None]:
    """Do something as soon as a method was called so often."""
    wrong: list[BaseException] = []

    def act() -> None:
        try:
            until(web, method, times)
            does()
        except BaseException as error:
            wrong.append(error)

    thread = threading.Thread(target=act)
    thread.start()
    yield
    thread.join()
    assert not wrong, wrong


def until(web: Project, method: str, times: int = 1) -> None:
    """Return once a method was called so often."""
    deadline = time.monotonic() + 20
    while web.calls.count(method) < times:
        assert time.monotonic() < deadline, web.calls
        time.sleep(0.02)
