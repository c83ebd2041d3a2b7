"""An example in a repository of its own, with its project on the Google fake."""

from __future__ import annotations

import os
import shlex
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import docker
import httpx
import pytest

from tasks.image.registry import Registry
from tasks.target.cloudrun.clients import Clients
from tests.conftest import Dockyard, Result
from tests.examples.conftest import Example
from tests.fakes.gcp.cloud import Cloud
from tests.fakes.gcp.server import gcp
from tests.service import COMMAND, REPOSITORY

if TYPE_CHECKING:
    from google.cloud import run_v2


OTHERS = ("GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CLOUD_PROJECT", "GRPC_PROXY", "grpc_proxy")


@contextmanager
def project(
    name: str, region: str, monkeypatch: pytest.MonkeyPatch, transport: str, *, containers: bool = True
) -> Iterator[Cloud]:
    """A project on the fake that every client is led to, subprocesses too; its revisions are real containers."""
    with gcp(project=name, region=region, containers=containers) as cloud:
        for key in OTHERS:
            monkeypatch.delenv(key, raising=False)
        for key, value in cloud.environ(transport).items():
            monkeypatch.setenv(key, value)
        for key in ("NO_PROXY", "no_proxy", "no_grpc_proxy"):
            monkeypatch.setenv(key, "127.0.0.1,localhost")
        yield cloud


@contextmanager
def repository(engine: docker.DockerClient, place: str) -> Iterator[str]:
    """A repository of a registry on loopback, in Artifact Registry's place; its images leave the engine again."""
    image = f"{place}/{uuid.uuid4().hex[:12]}"
    yield image
    for each in engine.images.list(image):
        engine.images.remove(str(each.id), force=True)


@dataclass
class CloudRun:
    """The example, its project on the fake, and the command line in it."""

    example: Example
    service: str
    cloud: Cloud
    dockyard: Dockyard
    image: str
    source: str  # the file of the application

    def inv(self, line: str, code: int = 0) -> Result:
        """A verb, which must end with this code."""
        ran = self.dockyard(line, self.example.root)
        assert ran.code == code, f"inv {line} ended with {ran.code}: {ran.out}{ran.err}"
        return ran

    def ask(self, verb: str, code: int = 0, env: str = "prod") -> dict[str, Any]:
        """The document of a verb."""
        return self.inv(f"{verb} --env={env} --json", code).document

    def process(self, line: str, **environ: str) -> str:
        """What a verb writes to standard output, in a process of its own, where it must succeed."""
        return subprocess.run(
            [*COMMAND, *shlex.split(line)],
            cwd=self.example.root,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY), **environ},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        ).stdout

    def change(self) -> None:
        """Another version of the application."""
        self.example.change(self.source, f"# {time.time_ns()}")

    def next(self, verb: str, env: str = "prod") -> dict[str, Any]:
        """A verb for a changed application; its document."""
        self.change()
        return self.ask(verb, env=env)

    def digest(self, tag: str) -> str:
        """What a tag names in the registry; "" for nothing."""
        return Registry(self.image).digest(tag)

    @property
    def clients(self) -> Clients:
        """The SDK's own clients, to look."""
        return Clients(self.cloud.project, self.cloud.region)

    @property
    def name(self) -> str:
        """The service as Cloud Run calls it."""
        return f"{self.clients.parent}/services/{self.service}"

    def live(self) -> run_v2.Service:
        """The service as it is."""
        return self.clients.services.get_service(name=self.name)

    def traffic(self) -> dict[str, int]:
        """The percentages that are served, by revision."""
        return {each.revision: each.percent for each in self.live().traffic_statuses if each.percent}

    def tagged(self, tag: str) -> str:
        """The URL of a traffic tag."""
        return next(each.uri for each in self.live().traffic_statuses if each.tag == tag)

    def get(self, path: str, url: str = "") -> httpx.Response:
        """What a user gets, of the service or at a URL of a traffic tag."""
        return httpx.get(f"{url or self.live().uri}{path}", trust_env=False)

    def post(self, path: str, **given: Any) -> httpx.Response:
        """What a user who sends something gets."""
        return httpx.post(f"{self.live().uri}{path}", trust_env=False, **given)
