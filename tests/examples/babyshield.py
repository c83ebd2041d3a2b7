"""The babyshield example in a repository of its own, with its service on the AWS fake."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import docker
import httpx
from docker.models.containers import Container

from tests.conftest import Dockyard, Result
from tests.examples.conftest import Example
from tests.examples.pdf import lines
from tests.fakes.cloud import Cloud

ACCOUNT = "180703226577"
CLUSTER = "babyshield-cluster"
SERVICE = "babyshield-backend-task-service-0l41s2a9"
FAMILY = "babyshield-backend-task"
NAME = "babyshield-backend"  # of repository and container
GROUP = "/ecs/babyshield-backend"


@dataclass
class Babyshield:
    """The example in a repository of its own, its service on the fake, and the command line there."""

    example: Example
    cloud: Cloud
    dockyard: Dockyard
    engine: docker.DockerClient
    image: str
    port: int
    started: list[Container]

    def inv(self, line: str, code: int = 0) -> Result:
        """A verb, which must end with this code."""
        ran = self.dockyard(line, self.example.root)
        assert ran.code == code, f"inv {line} ended with {ran.code}: {ran.out}{ran.err}"
        return ran

    def ask(self, verb: str, code: int = 0) -> dict[str, Any]:
        """The document of a verb in production."""
        return self.inv(f"{verb} --env=prod --json", code).document

    def change(self) -> None:
        """Another version of the application."""
        self.example.change("api.py", f"# {time.time_ns()}")

    def run(self, tag: str, **environment: str) -> Container:
        """Start the built image with a root that cannot be written, at the address that URL names."""
        container: Container = self.engine.containers.run(
            f"{self.image}:{tag}",
            detach=True,
            read_only=True,
            tmpfs={"/tmp": ""},
            ports={"8001/tcp": ("127.0.0.1", self.port)},
            environment=environment,
        )
        self.started.append(container)
        return container

    def serve(self, tag: str) -> None:
        """Run the built image, as ECS would, until it answers."""
        container = self.run(tag, DATABASE_URL="postgresql://db")
        until = time.monotonic() + 30
        while time.monotonic() < until:
            try:
                httpx.head(f"http://127.0.0.1:{self.port}/docs", trust_env=False).raise_for_status()
            except httpx.HTTPError:
                time.sleep(0.02)
            else:
                return
        raise AssertionError(container.logs().decode())

    def report(self, number: str) -> list[str]:
        """The lines of the PDF about a recall."""
        got = httpx.get(f"http://127.0.0.1:{self.port}/api/v1/reports/{number}.pdf", trust_env=False, timeout=20)
        assert (got.status_code, got.headers["Content-Type"]) == (200, "application/pdf")
        return lines(got.content)

    def first(self, flags: str = "") -> dict[str, Any]:
        """Build, let the image serve, and release it; the document."""
        self.serve(self.ask(f"build {flags}")["tag"])
        return self.ask(f"release {flags}")

    def next(self, flags: str) -> dict[str, Any]:
        """A release of a changed application in production; its document."""
        self.change()
        return self.ask(f"release {flags}")

    def write(self, text: str) -> None:
        """A line that the running task writes."""
        (task,) = self.cloud.client("ecs").list_tasks(cluster=CLUSTER, serviceName=SERVICE)["taskArns"]
        self.cloud.logs(GROUP, f"ecs/{NAME}/{task.rpartition('/')[2]}", [(int(time.time() * 1000), text)])

    def live(self) -> dict[str, Any]:
        """The container as the service runs it now."""
        definition = self.cloud.running(SERVICE, CLUSTER)["taskDefinition"].rpartition("/")[2]
        found: dict[str, Any] = self.cloud.task_definition(definition)["containerDefinitions"][0]
        return found
